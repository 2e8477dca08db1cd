/** Standard outputs that take nothing, as a process gets them from a shell, a supervisor or a full disk. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";

/** What is passed on as standard output and standard error, and how the test lets go of it. */
export interface DeadOutput {
  readonly file: number;
  readonly close: () => void;
}

/** Each refuses from the first line on. */
export const deadOutputs: Readonly<Record<string, (directory: string) => Promise<DeadOutput>>> = {
  "a full disk": async () => opened("/dev/full"),
  "a closed pipe": async directory => {
    const { reader, writer } = pipe(directory);
    closeSync(reader);
    return { file: writer, close: () => closeSync(writer) };
  },
  "a pipe that nobody reads": async directory => {
    const { path, reader, writer } = pipe(directory);
    fill(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return {
      file: writer,
      close: () => {
        closeSync(writer);
        closeSync(reader);
      },
    };
  },
  "a socket that nobody reads": async directory => {
    const path = join(directory, randomUUID());
    const server = createServer({ pauseOnConnect: true }).listen(path);
    await once(server, "listening");
    const socket = connect(path);
    await once(socket, "connect");
    const { _handle } = socket as unknown as { _handle: { fd: number } };
    fill(_handle.fd, false);
    return {
      file: _handle.fd,
      close: () => {
        socket.destroy();
        server.close();
      },
    };
  },
};

function opened(path: string): DeadOutput {
  const file = openSync(path, constants.O_WRONLY);
  return { file, close: () => closeSync(file) };
}

/** A named pipe with both ends open; the writer blocks, as a shell's would. */
function pipe(directory: string) {
  const path = join(directory, randomUUID());
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { path, reader, writer: openSync(path, constants.O_WRONLY) };
}

/** Writes into a file descriptor that does not block until it takes no more, and closes it. */
function fill(file: number, close = true): void {
  for (const text of ["x".repeat(4096), "x"]) {
    try {
      for (;;) writeSync(file, text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
  if (close) closeSync(file);
}
