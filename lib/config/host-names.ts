/** Host names and addresses, as people write them in settings. */
import { isIP, isIPv6 } from "node:net";
import { domainToASCII } from "node:url";

const name = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?$/i;
const onlyNumbers = /^[\d.]+$/;

/**
 * A host as sockets take it: an IP address without brackets, or a name in ASCII.
 *
 * @returns `undefined` when the text is neither.
 */
export function readHost(text: string): string | undefined {
  const [, bracketed] = /^\[(.*)\]$/.exec(text) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) ? bracketed : undefined;
  if (isIP(text)) return text;
  // Only a name with other letters is translated: an upper-case one stays as it is.
  const ascii = name.test(text) ? text : domainToASCII(text);
  return name.test(ascii) && !onlyNumbers.test(ascii) ? ascii : undefined;
}

/** A host as it stands before a port: IPv6 addresses in brackets. */
export const hostInAddress = (host: string): string => (isIPv6(host) ? `[${host}]` : host);
