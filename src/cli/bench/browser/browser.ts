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

/** A headless Chromium with a profile of its own, spoken to in its DevTools protocol over pipes: no port, no library. */
export class Browser {
  private readonly process: ChildProcess
  private readonly profile: string
  private readonly commands: Writable
  private readonly waiting = new Map<number, (message: Message) => void>()
  private readonly listeners = new Map<string, (method: string, params: Answer) => void>()
  private received = ''
  private count = 0

  constructor(flags: readonly string[] = []) {
    this.profile = mkdtempSync(join(tmpdir(), 'chromium-'))
    const args = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--remote-debugging-pipe',
      `--user-data-dir=${this.profile}`,
    ]
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] as const
    this.process = spawn(chromium!, [...args, ...flags], { stdio: [...stdio] })
    this.commands = this.process.stdio[3] as Writable
    const answers = this.process.stdio[4] as Readable
    answers.setEncoding('utf8').on('data', (text: string) => this.receive(text))
  }

  /** @param session of a page; without one the browser itself is asked */
  send(method: string, params: object = {}, session?: string): Promise<Answer> {
    const id = ++this.count
    this.commands.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`)
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
      )
    })
  }

  /** Tells the events of a page from now on. */
  listen(session: string, listener: (method: string, params: Answer) => void): void {
    this.listeners.set(session, listener)
  }

  async close(): Promise<void> {
    const ended = new Promise((done) => this.process.once('exit', done))
    await this.send('Browser.close').catch(() => {})
    await ended
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }

  private receive(text: string): void {
    const messages = (this.received + text).split('\0')
    this.received = messages.pop() ?? ''
    for (const message of messages.map((line) => JSON.parse(line) as Message)) this.handle(message)
  }

  private handle({ id, method, params = {}, sessionId = '', ...rest }: Message): void {
    if (id !== undefined) {
      this.waiting.get(id)?.({ id, ...rest })
      this.waiting.delete(id)
    }
    if (method !== undefined) this.listeners.get(sessionId)?.(method, params)
  }
}
