/** Reads of MySQL that something older can stand in for. */
import { isFloodgateError } from "../base/errors.ts";
import { isStoreFailure } from "../store/failure.ts";

/** `undefined` when MySQL can't be asked, or not now. */
export async function orUndefinedWhenRefused<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (!isStoreFailure(error) && !isFloodgateError(error, "overloaded")) throw error;
    return undefined;
  }
}
