// What this example does to the world: a line in a file for each job, and never a second one for the same.
import { appendFileSync, existsSync, readFileSync } from "node:fs";

export class Effects {
  constructor(file) {
    this.file = file;
    this.receipts = new Map(); // job id → receipt
    if (!existsSync(file)) return;
    for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
      const { job, receipt } = JSON.parse(line);
      this.receipts.set(job, receipt);
    }
  }

  /** The receipt of a job: as it was given the first time. */
  once(job, about) {
    const known = this.receipts.get(job);
    if (known) return known;
    const receipt = `node-${this.receipts.size + 1}`;
    appendFileSync(this.file, `${JSON.stringify({ job, about, receipt })}\n`);
    this.receipts.set(job, receipt);
    return receipt;
  }
}
