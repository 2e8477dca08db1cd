/** What every site that shows such pictures asks for, in pixels. */
export const pictureSize = { width: 1200, height: 630 } as const;
