/**
 * Run as a process of its own (./yowasp.ts), with the address of the npm package's module as its argument: told a job, it
 * tells an answer, and ends with whoever started it, however that ended. Clang works in a thread, since a thread in which it
 * works hears nothing.
 */
import process from 'node:process'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

/** What the process is asked to compile: clang's arguments, and all files that it can see. */
export interface YowaspJob {
  readonly args: readonly string[]
  readonly files: Tree
}

export interface YowaspAnswer {
  readonly status: number
  /** `model.wasm`, if it was made. */
  readonly output?: Uint8Array
  readonly printed: string
  /** Why the package can't be used at all. */
  readonly problem?: string
}

type Tree = { [name: string]: Tree | string | Uint8Array }

/** The package's interface, as far as we need it. */
interface Package {
  /** Without arguments: makes ready what later calls need. */
  runLLVM(args: null, files: Tree, options: { fetchProgress: () => void }): Promise<unknown>
  readonly commands: {
    clang(
      args: readonly string[],
      files: Tree,
      options: { stdout: Write; stderr: Write; decodeASCII: boolean },
    ): Promise<Tree>
  }
}
type Write = (bytes: Uint8Array | null) => void

if (isMainThread) relay()
else parentPort!.on('message', (job: YowaspJob) => void compile(job).then((answer) => parentPort!.postMessage(answer)))

function relay(): void {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] })
  process.on('message', (job: YowaspJob) => worker.postMessage(job))
  worker.on('message', (answer: YowaspAnswer) => process.send?.(answer))
  // For want of memory.
  worker.on('error', () => process.exit(1))
  // Not by an exit, which would end the thread first, and wait for it.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}

async function compile({ args, files }: YowaspJob): Promise<YowaspAnswer> {
  const decoder = new TextDecoder()
  let printed = ''
  const print: Write = (bytes) => {
    if (bytes && printed.length < 1 << 19) printed += decoder.decode(bytes, { stream: true })
  }
  let clang: Package['commands']['clang']
  try {
    const { runLLVM, commands } = (await import(workerData as string)) as Package
    // By itself it prints its progress to the console.
    await runLLVM(null, {}, { fetchProgress: () => {} })
    clang = commands.clang
  } catch (error) {
    return { status: 1, printed, problem: (error as Error).message }
  }
  try {
    const options = { stdout: print, stderr: print, decodeASCII: false }
    const made = await clang(args, files, options)
    return { status: 0, printed, output: made['model.wasm'] as Uint8Array }
  } catch (error) {
    // Its `Exit` says that clang refused; anything else is a fault of the package.
    const { code } = error as { code?: unknown }
    if (typeof code === 'number') return { status: code, printed }
    return { status: 1, printed, problem: (error as Error).message }
  }
}
