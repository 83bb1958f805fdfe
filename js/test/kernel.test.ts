import { expect, it, vi } from "vitest";
import { courier, expression } from "../src/kernel.ts";
import type { Command } from "../src/protocol.ts";
import { type FakeKernel, fakeKernel } from "./fakes.ts";

const STOP = '__import__("dspnb.notebook.live", fromlist=["command"]).command("run-1", "stop")';

function carrier(kernel: FakeKernel | null, run = "run-1") {
  const sent: Command[] = [];
  return {
    sent,
    ...courier(
      run,
      () => kernel,
      (command) => sent.push(command),
    ),
  };
}

it("runs the command on a subshell, made once and deleted at the end", async () => {
  const kernel = fakeKernel({ subshells: true, status: "busy" });
  const post = carrier(kernel);

  const answers = [await post.deliver("stop"), await post.deliver("stop")];
  post.dispose();
  await Promise.resolve();

  expect(answers).toEqual(["known", "known"]);
  expect(kernel.log).toEqual(["create", `subshell ${STOP}`, `subshell ${STOP}`, "delete"]);
  expect(post.sent).toEqual([]);
});

it("tells when the kernel does not know the run", async () => {
  const post = carrier(fakeKernel({ subshells: true, answer: false }));

  expect(await post.deliver("resync")).toBe("unknown");
});

it("runs the command on the main shell of an idle kernel without subshells", async () => {
  const kernel = fakeKernel();

  expect(await carrier(kernel).deliver("stop")).toBe("known");
  expect(kernel.log).toEqual([`main ${STOP}`]);
});

it("interrupts a busy kernel without subshells to stop, and only to stop", async () => {
  const kernel = fakeKernel({ status: "busy" });
  const post = carrier(kernel);

  await post.deliver("stop");
  await post.deliver("pause");

  expect(kernel.log).toEqual(["interrupt", `main ${STOP}`]);
  expect(post.sent).toEqual([{ kind: "pause" }]);
});

it("sends a message where there is no kernel connection", async () => {
  const post = carrier(null);

  expect(await post.deliver("pause")).toBe("unconfirmed");
  expect(post.sent).toEqual([{ kind: "pause" }]);
});

it("takes the next way when one throws", async () => {
  const kernel = fakeKernel({ subshells: true, broken: "subshell main" });
  const post = carrier(kernel);

  expect(await post.deliver("pause")).toBe("unconfirmed");
  expect(kernel.log).toEqual([
    "create",
    `subshell ${STOP.replace("stop", "pause")}`,
    `main ${STOP.replace("stop", "pause")}`,
    "delete",
  ]);
  expect(post.sent).toEqual([{ kind: "pause" }]);
});

it("takes the next way after two seconds without a reply", async () => {
  vi.useFakeTimers();
  const kernel = fakeKernel({ answer: null });
  const post = carrier(kernel);

  const answer = post.deliver("resync");
  await vi.advanceTimersByTimeAsync(1900);
  const early = [...post.sent];
  await vi.advanceTimersByTimeAsync(200);

  expect(early).toEqual([]);
  expect(await answer).toBe("unconfirmed");
  expect(post.sent).toEqual([{ kind: "resync" }]);
  vi.useRealTimers();
});

it("never executes a run id or command that could be code", async () => {
  const hostile = ['x"); import os #', "A", "", "a".repeat(65), "run_1", "run-1\n", '"', 7 as never];
  const kernel = fakeKernel({ subshells: true });

  for (const run of hostile) {
    const post = carrier(kernel, run);
    await post.deliver("stop");
    expect(post.sent).toEqual([]);
    expect(expression(run, "stop")).toBeNull();
  }
  await carrier(kernel).deliver('stop") or exit("' as never);

  expect(kernel.log).toEqual([]);
  expect(expression("run-1", "stop")).toBe(STOP);
});
