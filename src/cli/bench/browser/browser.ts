import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** Chromium of the machine, if it has one. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0,
)

/** What an answer holds, or what an event tells. */
export type Answer = Readonly<Record<string, any>>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Answer
  readonly sessionId?: string
  readonly result?: Answer
  readonly error?: { readonly message: string }
}

/** How long anything that needs no code of a page is waited for, in ms: a machine that does much else starts Chromium in ten seconds. */
export const patience = 60_000

/** How long one that is told to end may take, in ms. */
const timeToEnd = 5_000

/** Chromium ended, or says nothing any more: what went wrong is not of the page, and another one may do. */
export class Unresponsive extends Error {
  override readonly name = 'Unresponsive'
}

/** Something that is waited for. */
interface Wait {
  readonly session: string
  readonly fail: (why: string) => void
}

/** A headless Chromium with a profile of its own, spoken to in its DevTools protocol over pipes: no port, no library. */
export class Browser {
  private readonly process: ChildProcess
  private readonly profile: string
  private readonly commands: Writable
  private readonly answers = new Map<number, (message: Message) => void>()
  private readonly listeners = new Map<string, (method: string, params: Answer) => void>()
  private readonly waits = new Set<Wait>()
  /** When the process has ended, or could not be started. */
  private readonly ended: Promise<void>
  /** Why no more answers will come: set when it has ended. */
  private end: string | undefined
  private received = ''
  private count = 0

  /** @param program for tests: another Chromium than that of the machine */
  constructor(flags: readonly string[] = [], program = chromium!) {
    this.profile = mkdtempSync(join(tmpdir(), 'chromium-'))
    const args = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      // Containers have 64 MB there, which pages of large models exceed: Chromium ends them without a word.
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-pipe',
      `--user-data-dir=${this.profile}`,
    ]
    const stdio = ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'] as const
    this.process = spawn(program, [...args, ...flags], { stdio: [...stdio] })
    const [, , complaints, commands, answers] = this.process.stdio as [null, null, Readable, Writable, Readable]
    let said = ''
    complaints.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
    this.commands = commands
    // A command to one that has ended: the end is told by what follows.
    commands.on('error', () => {})
    answers.setEncoding('utf8').on('data', (text: string) => this.receive(text))
    this.ended = new Promise((done) => {
      const finish = (why: string): void => {
        this.fail((this.end = why))
        // A child of it may hold them open, which would keep this process.
        for (const pipe of [complaints, commands, answers]) pipe.destroy()
        done()
      }
      this.process.once('error', ({ message }) => finish(message))
      // What it said last is read after its end is known.
      this.process.once('exit', (code, signal) =>
        setTimeout(() => finish(`Chromium ended (${signal ?? code}). It said: ${said}`), 50),
      )
    })
  }

  /**
   * @param session of a page; without one the browser itself is asked
   * @param within ms; Infinity where code of the page decides how long it takes
   */
  send(method: string, params: object = {}, session = '', within = patience): Promise<Answer> {
    const id = ++this.count
    const answer = this.wait<Answer>(`answer to ${method}`, session, within, (resolve, reject) =>
      this.answers.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
      ),
    )
    this.commands.write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`)
    return answer.finally(() => this.answers.delete(id))
  }

  /**
   * Waits for something that Chromium is going to tell. Rejects with {@link Unresponsive} where it doesn't within so many ms, where it ends,
   * and where the page crashes.
   *
   * @param what of the error: "no … in 60 s"
   */
  async wait<T>(
    what: string,
    session: string,
    within: number,
    start: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    let wait: Wait | undefined
    let clock: NodeJS.Timeout | undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        const fail = (why: string): void => reject(new Unresponsive(`no ${what}: ${why}`))
        this.waits.add((wait = { session, fail }))
        if (this.end !== undefined) fail(this.end)
        if (within < Infinity) clock = setTimeout(() => fail(`Chromium said nothing for ${within / 1000} s`), within)
        start(resolve, reject)
      })
    } finally {
      clearTimeout(clock)
      this.waits.delete(wait!)
    }
  }

  /** Tells the events of a page from now on. */
  listen(session: string, listener: (method: string, params: Answer) => void): void {
    this.listeners.set(session, listener)
  }

  /** Ends it, whatever state it is in. */
  async close(): Promise<void> {
    const late = setTimeout(() => this.process.kill('SIGKILL'), timeToEnd)
    void this.send('Browser.close').catch(() => {})
    await this.ended
    clearTimeout(late)
    try {
      rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
    } catch {
      // A child of it still writes there; the system's folder for temporary files is tidied by others.
    }
  }

  /** @param session whose waits fail; all do without one */
  private fail(why: string, session?: string): void {
    for (const wait of this.waits) if (session === undefined || wait.session === session) wait.fail(why)
  }

  private receive(text: string): void {
    const messages = (this.received + text).split('\0')
    this.received = messages.pop() ?? ''
    for (const line of messages) {
      try {
        this.handle(JSON.parse(line) as Message)
      } catch {
        this.fail(`Chromium wrote what is no message: ${line.slice(0, 80)}`)
      }
    }
  }

  private handle({ id, method, params = {}, sessionId = '', ...rest }: Message): void {
    if (id !== undefined) this.answers.get(id)?.({ id, ...rest })
    if (method === 'Inspector.targetCrashed') this.fail('the page crashed', sessionId)
    if (method === 'Target.detachedFromTarget') this.fail('the page was closed', params['sessionId'] as string)
    if (method !== undefined) this.listeners.get(sessionId)?.(method, params)
  }
}
