import { readFileSync } from 'node:fs'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { valueParts } from '../../../src/runtime/every-part.ts'
import type { Signature } from '../../../src/runtime/index.ts'
import { compileModuleNow, newSession } from '../../../src/runtime/wasm/compile.ts'
import type { WasmModule } from '../../../src/runtime/wasm/api.ts'
import { sessionParts } from '../../../src/runtime/wasm/every-part.ts'
import { anySource } from '../../../src/runtime/wasm/any-source.ts'
import { Pool } from '../../../src/runtime/wasm/pool.ts'
import type { WasmSession } from '../../../src/runtime/wasm/session.ts'
import { threadsIn } from '../../../src/runtime/wasm/threaded.ts'
import { composeWebModel } from '../../../src/runtime/web-model.ts'
import { factsFor } from './modules.ts'
import { compileThreadedC, watchedWorkers } from './threaded.ts'

// How threads share a kernel (native/kernels/parallel.h, native/wasm/threads.h), in a model written by hand, and how their
// workers come and go.

const signature: Signature = {
  inputs: [
    { name: 'what', type: 'int64', shape: [] },
    { name: 'count', type: 'int64', shape: [] },
  ],
  outputs: [{ name: 'y', type: 'int64', shape: [4] }],
}
const what = { meet: 0, settle: 1, alone: 2, scratch: 3, trap: 4, trapOfMain: 5, deep: 6, plain: 7 } as const

/** Each kernel fills y of what it is given; `meet` is for as many threads as `count` says. */
const source = `
#include "om_builtin.h"
#include "runtime.h"
#include "parallel.h"
#define OM_ARENA_BYTES 64
typedef struct { int64_t what, count; int64_t *y; } task;
static uint32_t here, parts[4096], wrong;
static int64_t sums[4096];

static __attribute__((noinline)) void wait_for(uint32_t *word, uint32_t least) {
  while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < least) if (__atomic_load_n(&om_threads.failed, __ATOMIC_SEQ_CST)) __builtin_trap();
}

static __attribute__((noinline)) int deep(int levels) {
  volatile char room[4096];
  for (int i = 0; i < 4096; i += 4) room[i] = 1; /* wherever it is that the guard lies */
  return levels == 0 ? room[0] : deep(levels - 1) + room[levels & 4095];
}

static void kernel(const void *given) {
  const task t = *(const task *)given;
  const bool is_main = !om_here() || om_here()->scratch == NULL;
  if (t.what == ${what.meet}) {
    /* As many parts as threads, each of which ends when all have begun. */
    for (int64_t i = 0; i < t.count; i++)
      if (om_is_mine()) {
        __atomic_fetch_add(&here, 1, __ATOMIC_SEQ_CST);
        wait_for(&here, (uint32_t)t.count);
        parts[i]++;
      }
  }
  if (t.what == ${what.settle}) {
    /* Each part needs all of the round before. */
    for (int64_t round = 1; round <= 8; round++) {
      for (int64_t i = 0; i < t.count; i++)
        if (om_is_mine()) {
          for (int64_t j = 0; j < t.count; j++) if (sums[(round - 1) * t.count + j] != round - 1) __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
          sums[round * t.count + i] = round;
        }
      om_settle();
    }
  }
  if (t.what == ${what.alone})
    for (int64_t i = 0; i < t.count; i++)
      if (om_is_mine()) {
        om_parts *before = om_begin_alone();
        for (int64_t j = 0; j < 10; j++) if (om_is_mine()) parts[i]++;
        om_settle();
        om_end_alone(before);
      }
  if (t.what == ${what.scratch}) {
    static char of_call[1024];
    char *own = (char *)om_own_scratch(of_call);
    const char mark = is_main ? 1 : 2;
    for (int64_t i = 0; i < t.count; i++)
      if (om_is_mine()) {
        for (int k = 0; k < 1024; k++) own[k] = (char)(i * 2 + mark);
        for (int k = 0; k < 1024; k++) if (own[k] != (char)(i * 2 + mark)) __atomic_fetch_add(&wrong, 1, __ATOMIC_SEQ_CST);
        parts[i]++;
      }
  }
  if (t.what == ${what.trap} || t.what == ${what.trapOfMain} || t.what == ${what.deep})
    for (int64_t i = 0; i < t.count; i++)
      if (om_is_mine()) {
        __atomic_fetch_add(&here, 1, __ATOMIC_SEQ_CST);
        wait_for(&here, (uint32_t)t.count); /* in one part each */
        if (t.what == ${what.deep} && !is_main) parts[i] = deep(40);
        else if (t.what != ${what.deep} && is_main == (t.what == ${what.trapOfMain})) __builtin_trap();
      }
  if (t.what == ${what.plain})
    for (int64_t i = 0; i < t.count; i++) if (om_is_mine()) parts[i]++;
}

static int om_run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)arena, (void)message;
  task t = {*(int64_t *)in[0].data, *(int64_t *)in[1].data, (int64_t *)out[0].data};
  here = wrong = 0;
  memset(parts, 0, sizeof parts);
  memset(sums, 0, sizeof sums);
  om_parallel(kernel, &t, 1024, 0);
  t.y[0] = 0;
  for (int64_t i = 0; i < t.count; i++) t.y[0] += parts[i];
  t.y[1] = wrong;
  t.y[2] = here;
  t.y[3] = om_threads.workers;
  return OM_OK;
}
#include "om_wasm.h"
`

let module: WasmModule
beforeAll(async () => {
  module = compileModuleNow(readFileSync(await compileThreadedC(source)), 'hand')
})
afterEach(() => void vi.restoreAllMocks())

interface Run {
  readonly what: number
  readonly count: number
}
/** [parts that were done, what was wrong, threads that met, workers that are there] */
function run(session: WasmSession, { what: kernel, count }: Run): number[] {
  const results = session.runSync([
    { data: BigInt64Array.of(BigInt(kernel)), dims: [] },
    { data: BigInt64Array.of(BigInt(count)), dims: [] },
  ])
  return Array.from((results['y'] as unknown as { data: BigInt64Array }).data, Number)
}

async function open(pool: Pool, threads: number, name = 'hand.onnx'): Promise<WasmSession> {
  return newSession(module, { ...signature, name }, sessionParts, undefined, threadsIn(pool, threads))
}

/** Runs something short until as many workers are there. */
async function until(session: WasmSession, workers: number): Promise<void> {
  for (;;) {
    if (run(session, { what: what.plain, count: 1 })[3] === workers) return
    await new Promise((done) => setTimeout(done, 5))
  }
}

describe.each([1, 2, 3, 5])('%i threads', (threads) => {
  it('do each part once, all at the same time, in memory of their own, and wait where they have to', async () => {
    const { start, workers, stopped } = watchedWorkers()
    const session = await open(new Pool(start), threads)
    // Before the workers are there, too.
    expect(run(session, { what: what.plain, count: 1000 }).slice(0, 2)).toEqual([1000, 0])
    await until(session, threads - 1)
    for (let i = 0; i < 20; i++) {
      expect(run(session, { what: what.meet, count: threads }).slice(0, 3)).toEqual([threads, 0, threads])
      expect(run(session, { what: what.plain, count: i * 200 }).slice(0, 2)).toEqual([i * 200, 0])
      expect(run(session, { what: what.settle, count: 20 * i }).slice(0, 2)).toEqual([0, 0])
      expect(run(session, { what: what.alone, count: 100 }).slice(0, 2)).toEqual([1000, 0])
      expect(run(session, { what: what.scratch, count: 100 }).slice(0, 2)).toEqual([100, 0])
    }
    session.dispose()
    expect([workers.length, stopped()]).toEqual([threads - 1, threads - 1])
    expect(() => run(session, { what: what.plain, count: 1 })).toThrow('hand.onnx: it was disposed')
  })
})

it.each([
  ['a worker', what.trap],
  ['the thread that calls', what.trapOfMain],
])('a trap in the part of %s ends the run, the instance, and nothing else', async (_, kernel) => {
  const { start, workers } = watchedWorkers()
  const pool = new Pool(start)
  const other = await open(pool, 3, 'other.onnx')
  const session = await open(pool, 3)
  await until(session, 2)
  expect(() => run(session, { what: kernel, count: 3 })).toThrow('hand.onnx: it ended with a trap: unreachable')
  expect(session.isBroken).toBe(true)
  expect(() => run(session, { what: what.plain, count: 1 })).toThrow('an earlier run ended with a trap')
  await until(other, 2)
  expect(run(other, { what: what.meet, count: 3 })[0]).toBe(3)
  const again = await open(pool, 3)
  await until(again, 2)
  expect(run(again, { what: what.meet, count: 3 })[0]).toBe(3)
  for (const each of [again, other, session]) each.dispose()
  expect(workers.length).toBe(2)
})

it('a stack that is too small for a kernel ends in a trap', async () => {
  const session = await open(new Pool(watchedWorkers().start), 2)
  await until(session, 1)
  expect(() => run(session, { what: what.deep, count: 2 })).toThrow('hand.onnx: it ended with a trap: unreachable')
  session.dispose()
})

it('many models have the same workers, which are with the one that ran last', async () => {
  const { start, workers, stopped } = watchedWorkers()
  const pool = new Pool(start)
  const sessions = await Promise.all(Array.from({ length: 12 }, (_, i) => open(pool, 2 + (i % 2), `m${i}.onnx`)))
  for (let round = 0; round < 100; round++)
    for (const session of sessions) expect(run(session, { what: what.plain, count: 50 })[0]).toBe(50)
  for (const [i, session] of sessions.entries()) {
    await until(session, 1 + (i % 2))
    expect(run(session, { what: what.meet, count: 2 + (i % 2) })[0]).toBe(2 + (i % 2))
  }
  expect(workers.length).toBe(2)
  const [first, ...others] = sessions
  for (const session of others) session.dispose()
  await until(first!, 1)
  expect(stopped()).toBe(0)
  first!.dispose()
  expect(stopped()).toBe(2)
})

it('a worker that ends leaves the others, with one warning', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { start, workers } = watchedWorkers()
  const session = await open(new Pool(start), 4)
  await until(session, 3)
  for (const worker of workers.slice(1)) worker.stop()
  for (let i = 0; i < 50; i++) {
    expect(run(session, { what: what.plain, count: 500 })[0]).toBe(500)
    expect(run(session, { what: what.meet, count: 2 })[0]).toBe(2)
    await new Promise((done) => setTimeout(done, 2))
  }
  expect(warnings.mock.calls).toEqual([
    [expect.stringMatching(/^onnx-mlir: models run on fewer threads, a worker ended: it ended with code 1/)],
  ])
  session.dispose()
})

it('where no worker can be started, one thread does all, with one warning', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const pool = new Pool(() => {
    throw new TypeError('workers are forbidden here')
  })
  for (const threads of [2, 4]) {
    const session = await open(pool, threads)
    expect(run(session, { what: what.plain, count: 500 })).toEqual([500, 0, 0, 0])
    session.dispose()
  }
  expect(warnings.mock.calls).toEqual([[expect.stringContaining('workers are forbidden here')]])
})

it('a model that is disposed while it loads leaves no worker', async () => {
  const { start, workers, stopped } = watchedWorkers()
  const pool = new Pool(start)
  let disposed = 0
  for (let turns = 0; turns < 60; turns++) {
    const model = composeWebModel(
      factsFor('hand', signature),
      { module },
      { ...valueParts, ...sessionParts, load: anySource, bind: () => undefined, threads: () => threadsIn(pool, 3) },
    )
    const loading = model.load().then(
      () => 'loaded',
      ({ code }: { code: string }) => code,
    )
    for (let i = 0; i < turns; i++) await (i % 20 === 19 ? new Promise(setImmediate) : undefined)
    model.dispose()
    if ((await loading) === 'RUN_DISPOSED') disposed++
  }
  expect(disposed).toBeGreaterThan(5)
  await new Promise((done) => setTimeout(done, 100))
  expect(stopped()).toBe(workers.length)
})

it('a worker that gets a module which it can not run ends, with a warning', async () => {
  const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const pool = new Pool((gone) => {
    const { order, stop } = watchedWorkers().start(gone)
    return { order: (given) => order(given.seat ? { seat: { ...given.seat, memory: {} as never } } : given), stop }
  })
  const session = await open(pool, 2)
  while (warnings.mock.calls.length === 0) {
    expect(run(session, { what: what.plain, count: 500 })[0]).toBe(500)
    await new Promise((done) => setTimeout(done, 5))
  }
  expect(warnings.mock.calls).toEqual([[expect.stringMatching(/a worker ended: .*memory/)]])
  session.dispose()
})

it('disposed while workers are still on their way', async () => {
  const { start, workers, stopped } = watchedWorkers()
  const pool = new Pool(start)
  for (let i = 0; i < 5; i++) {
    const session = await open(pool, 3)
    if (i % 2) expect(run(session, { what: what.plain, count: 5 })[0]).toBe(5)
    session.dispose()
    session.dispose()
  }
  expect(stopped()).toBe(workers.length)
})
