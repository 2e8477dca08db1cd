/** An editor who is signed in, or whose token a program has. */
import { lineOfText } from "../base/written-text.ts";

export interface Editor {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** The name that others see. */
export const editorName = lineOfText(255);
