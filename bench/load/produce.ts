/** Running producers, each in a process of its own. */
import { Child } from "#scripts/services/child.ts";
import type { ProducerJob, ProducerReport } from "./producer.ts";

export async function produce(job: ProducerJob): Promise<ProducerReport> {
  const child = new Child(
    "producer",
    process.execPath,
    ["--import", "tsx", "bench/load/producer.ts", JSON.stringify(job)],
    { env: process.env },
  );
  const status = await child.exit();
  if (status !== 0) throw new Error(`a producer ended with ${status}\n${child.output}`);
  return JSON.parse(child.output.trim().split("\n").at(-1) ?? "") as ProducerReport;
}
