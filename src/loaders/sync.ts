import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { EnvironmentError } from '../errors/index.ts'
import type { PluginOptions } from '../pipeline/index.ts'
import { type Answer, type Question, sourceOf } from './answer.ts'
import type { ModuleForm } from './module-maker.ts'
import type { Setup } from './sync-worker.ts'

/** As a `ModuleMaker`, but it waits. @throws what stands for an OnnxMlirError: an error of the same name, code and data */
export type SyncModuleMaker = (id: string, form: ModuleForm) => string

/**
 * Makes modules where nobody can wait for a promise: in `require()` and in hooks that are called in its place. A thread does
 * the work, this one sleeps meanwhile. Of Yarn's Plug'n'Play, whose threads wait for this one in Node 20, it is a process.
 */
export function createSyncModuleMaker(options: PluginOptions): SyncModuleMaker {
  const answer = process.versions['pnp'] ? answerInChild(options) : answerInThread(options)
  return (id, form) => sourceOf(answer({ id, form }))
}

type Answering = (question: Question) => Answer

function answerInChild(options: PluginOptions): Answering {
  const program = fileURLToPath(new URL('./sync-child.js', import.meta.url))
  return (question) => {
    const input = JSON.stringify({ options, question })
    const { stdout, error, status } = spawnSync(process.execPath, [program], {
      input,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit'],
      maxBuffer: 1 << 30,
    })
    if (status === 0) return JSON.parse(stdout) as Answer
    throw new EnvironmentError(
      'ENVIRONMENT_PROCESS',
      'The process that compiles models has ended without an answer.',
      {},
      { cause: error },
    )
  }
}

/** No signs of life for so long, in milliseconds, and the thread has ended, maybe for want of memory. */
const SILENCE_MS = 300_000

/** How long the thread is kept for the next model, in milliseconds. */
const IDLE_MS = 5000

interface Thread {
  readonly worker: Worker
  readonly port: MessageChannel['port1']
  readonly state: Int32Array
  idle?: NodeJS.Timeout
}

function answerInThread(options: PluginOptions): Answering {
  let thread: Thread | undefined
  return (question) => {
    thread ??= startThread(options)
    const { worker, port, state } = thread
    clearTimeout(thread.idle)
    Atomics.store(state, 0, 0)
    port.postMessage(question)
    waitForAnswer(state)
    const { message } = receiveMessageOnPort(port) as { message: Answer }
    thread.idle = setTimeout(() => {
      thread = undefined
      void worker.terminate()
    }, IDLE_MS).unref()
    return message
  }
}

function startThread(options: PluginOptions): Thread {
  const { port1, port2 } = new MessageChannel()
  const state = new Int32Array(new SharedArrayBuffer(8))
  // Neither the flags nor the variable: what they preload is for the program.
  const worker = new Worker(new URL('./sync-worker.js', import.meta.url), {
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: undefined },
    workerData: { options, port: port2, state } satisfies Setup,
    transferList: [port2],
  })
  worker.unref()
  port1.unref()
  return { worker, port: port1, state }
}

function waitForAnswer(state: Int32Array): void {
  for (let beats = -1; Atomics.wait(state, 0, 0, SILENCE_MS) === 'timed-out';) {
    if (beats === Atomics.load(state, 1))
      throw new EnvironmentError('ENVIRONMENT_THREAD', 'The thread that compiles models has ended without an answer.')
    beats = Atomics.load(state, 1)
  }
}
