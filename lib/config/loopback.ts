const names = new Set(["localhost", "127.0.0.1", "::1"]);

/** True for this machine's loopback interface. IPv6 may be in brackets, as it is in URLs and Host headers. */
export const isLoopback = (host: string): boolean =>
  names.has(host.toLowerCase().replace(/^\[(.*)\]$/, "$1"));
