/** How many characters an editor's password has. Apart from the sign-in library, which only the Next process loads. */
export const passwordLengthMin = 12;
export const passwordLengthMax = 128;
