/** The lanes of the queue, the most urgent first. */
export const lanes = ["high", "normal", "low"] as const;
export type Lane = (typeof lanes)[number];
