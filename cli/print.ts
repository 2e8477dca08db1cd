/** Lines of a command: results on standard output, remarks on standard error. */
export const print = (line: string): boolean => process.stdout.write(`${line}\n`);
export const remark = (line: string): boolean => process.stderr.write(`${line}\n`);
