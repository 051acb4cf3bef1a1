// A worker in Node, written from the platform's AsyncAPI document alone (http://PLATFORM/asyncapi.json, or /integrators to read).
//
//   AMQP_URL=amqp://… TOPIC=notice.send EFFECTS=effects.jsonl node worker.mjs          LOCK=60: jobs that last
//
// What the document asks of a worker stands here in three functions: consume (both queues of a topic), answer (publish, wait for the confirm, and only
// then acknowledge), and read (a CloudEvent in binary or structured mode). Everything else is this example's own: its effect is a line in a file.
import amqp from "amqplib";
import { Effects } from "./effects.mjs";

const { AMQP_URL, TOPIC = "notice.send", EFFECTS = "effects.jsonl", LOCK, NAME = "node-example" } = process.env;
const INBOX = "bihuan.inbox";
const SOURCE = `/workers/${NAME}`; // also the name under which this worker holds its locks
const PREFETCH = 32;
const PAUSE = 1000; // milliseconds between two tries to connect

/** Raised by `work` when the other side's answer is no: the diagram's boundary event takes it from there. */
export class BusinessError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

const effects = new Effects(EFFECTS);

/** The work itself. The job's id is the same on every attempt: what has been done under it is not done again. */
async function work(job) {
  if (job.data.kind === "refuse") throw new BusinessError("recipient_unknown", "找不到收件人");
  return { receipt: effects.once(job.id, job.data.case) };
}

/** A job off the wire: the attributes are in the headers `ce-…` (binary mode), or beside the data in the body (structured mode). */
function read(message) {
  const body = JSON.parse(message.content.toString("utf8"));
  const structured = message.properties.contentType?.startsWith("application/cloudevents+json");
  const headers = message.properties.headers ?? {};
  const say = (name) => (structured ? body[name] : headers[`ce-${name}`]);
  const job = { id: say("jobid"), topic: say("type"), attempt: say("attempt"), trace: say("traceparent"), data: structured ? body.data : body };
  if (!job.id) throw new Error("no job: ce-jobid is missing");
  return job;
}

/** Sends what there is to say of a job; resolves when the broker has taken responsibility for it. `what` tells the answers to one attempt apart. */
function answer(channel, job, type, data, what = "answer") {
  const event = {
    specversion: "1.0",
    id: `${job.id}:${job.attempt}:${what}`,
    type,
    source: SOURCE,
    time: new Date().toISOString(),
    jobid: job.id,
    attempt: job.attempt,
    ...(job.trace && { traceparent: job.trace }),
  };
  // Results in binary mode; locks in structured mode, to show that it is taken, too.
  const structured = what !== "answer";
  const headers = structured ? {} : Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
  const body = structured ? { ...event, datacontenttype: "application/json", data } : data;
  const options = {
    persistent: true,
    mandatory: true,
    contentType: structured ? "application/cloudevents+json" : "application/json",
    messageId: event.id,
    headers,
  };
  return new Promise((resolve, reject) => {
    channel.publish(INBOX, type, Buffer.from(JSON.stringify(body)), options, (error) => (error ? reject(error) : resolve()));
  });
}

/** Does the work and answers, whatever comes of it. */
async function workAndAnswer(channel, job) {
  try {
    const result = await work(job);
    await answer(channel, job, "job.completed", { result });
  } catch (error) {
    if (!channel.open) throw error; // not the work has failed but the connection: the job comes again
    if (error instanceof BusinessError) await answer(channel, job, "job.error", { code: error.code, message: error.message });
    else await answer(channel, job, "job.failed", { reason: `工作程序出错：${error.message}` });
  }
}

/** A short job: its message, which is not acknowledged yet, is its lock. */
async function handle(channel, message, job) {
  await workAndAnswer(channel, job);
  channel.ack(message);
}

/** A job that lasts: accepted and acknowledged first; from then on the lock counts, and is extended in time. */
async function handleLong(channel, message, job, seconds) {
  const lock = { lock_seconds: seconds };
  await answer(channel, job, "job.accepted", lock, `accepted:${process.pid}`);
  channel.ack(message);
  let times = 0;
  const extend = () => answer(channel, job, "job.extended", lock, `extended:${process.pid}:${++times}`).catch(() => {});
  const timer = setInterval(extend, (seconds * 1000) / 3);
  try {
    await workAndAnswer(channel, job);
  } finally {
    clearInterval(timer);
  }
}

async function take(channel, message) {
  let job;
  try {
    job = read(message);
  } catch (error) {
    console.error(`not a job: ${error.message}`);
    channel.nack(message, false, false); // to the dead letters: it will never be one
    return;
  }
  try {
    if (LOCK) await handleLong(channel, message, job, Number(LOCK));
    else await handle(channel, message, job);
  } catch (error) {
    console.error(`${job.id}: ${error.message}`); // the connection is gone: what was not acknowledged comes again
  }
}

/** Consumes both queues of the topic until the connection ends, or `told` to stop. */
async function consume(told) {
  const connection = await amqp.connect(AMQP_URL, { heartbeat: 20 });
  const ended = new Promise((resolve) => connection.once("close", resolve));
  connection.on("error", (error) => console.error(error.message)); // "close" follows
  const channel = await connection.createConfirmChannel();
  channel.open = true;
  ended.then(() => (channel.open = false));
  channel.on("error", () => {});
  channel.on("close", () => connection.close().catch(() => {}));
  const running = new Set();
  await channel.prefetch(PREFETCH); // of each consumer
  const tags = [];
  // The platform declares these queues. Urgent jobs have one of their own, so that they do not wait behind the others.
  for (const queue of [`jobs.${TOPIC}.urgent`, `jobs.${TOPIC}`]) {
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) return connection.close().catch(() => {}); // the queue was deleted: begin anew
      const one = take(channel, message).finally(() => running.delete(one));
      running.add(one);
    });
    tags.push(consumerTag);
  }
  console.log("ready");
  await Promise.race([ended, told]);
  if (!channel.open) return;
  for (const tag of tags) await channel.cancel(tag);
  await Promise.allSettled(running);
  await channel.close(); // what has been acknowledged is sent before
  await ended;
}

let stopping = false;
const told = new Promise((resolve) => {
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => resolve((stopping = true)));
});
while (!stopping) {
  await consume(told).catch((error) => console.error(`no connection: ${error.message}`));
  if (!stopping) await Promise.race([told, new Promise((resolve) => setTimeout(resolve, PAUSE))]);
}
process.exit(0);
