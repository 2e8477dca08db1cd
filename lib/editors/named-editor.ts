/** An editor who is signed in, or whose token a program has. */
export interface Editor {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}
