/** Programs that reach a server by its usual address, but over another port: the one of a fault proxy. */

/** Runs in the program before everything else. */
const preload = (port: number, through: number) => `
  const { Socket } = await import("node:net");
  const { connect } = Socket.prototype;
  Socket.prototype.connect = function (...args) {
    const [first] = args;
    const options = Array.isArray(first) ? first[0] : first;
    if (Number(options?.port) === ${port}) options.port = ${through};
    return connect.apply(this, args);
  };
`;

/** The environment of a program that connects to `through` instead of `port`. */
export function rerouted(port: number, through: number): Record<string, string> {
  const script = encodeURIComponent(preload(port, through));
  return { NODE_OPTIONS: `--import=data:text/javascript,${script}` };
}
