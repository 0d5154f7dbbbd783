import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { runProcess } from '../../src/process/spawn.ts'

const node = process.execPath
const folder = mkdtempSync(join(tmpdir(), 'spawn-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A program that starts a sleeping grandchild, writes its pid to a file, and waits. */
function parentOfSleeper(pidFile: string, grandchild = 'setInterval(() => {}, 1000)'): string[] {
  const code = `
    const { pid } = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })
    require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(pid))
    setInterval(() => {}, 1000)`
  return ['-e', code]
}

async function pidIn(file: string): Promise<number> {
  for (let i = 0; i < 200; i++) {
    if (existsSync(file) && readFileSync(file, 'utf8') !== '') return Number(readFileSync(file, 'utf8'))
    await sleep(25)
  }
  throw new Error(`no pid in ${file}`)
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && alive(pid); i++) await sleep(25)
  return !alive(pid)
}

describe('running a program', () => {
  test('gives both outputs, the exit code and lines as they come', async () => {
    const lines: string[] = []
    const result = await runProcess(node, ['-e', 'console.log("a\\nb"); console.error("c"); process.exitCode = 7'], {
      onLine: (line) => lines.push(line),
    })
    expect(result).toMatchObject({ exitCode: 7, exitSignal: null, stopped: undefined, stdout: 'a\nb\n', stderr: 'c\n' })
    expect(lines).toEqual(['a', 'b'])
  })

  test('passes arguments as they are, without a shell', async () => {
    const odd = ['$HOME', '; touch x', '"quoted"', "it's", '*', 'a\nb']
    const result = await runProcess(node, ['-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...odd])
    expect(JSON.parse(result.stdout)).toEqual(odd)
  })

  test('a missing program rejects with the system’s error', async () => {
    await expect(runProcess(join(folder, 'absent'), [])).rejects.toMatchObject({ code: 'ENOENT' })
    writeFileSync(join(folder, 'plain'), 'text')
    await expect(runProcess(join(folder, 'plain'), [])).rejects.toMatchObject({ code: 'EACCES' })
  })

  test('keeps the beginning and the end of endless output', async () => {
    const code = 'for (let i = 0; i < 20000; i++) process.stdout.write(`line ${i}\\n`)'
    const { stdout } = await runProcess(node, ['-e', code], { maxOutputBytes: 1000 })
    expect(stdout.startsWith('line 0\n')).toBe(true)
    expect(stdout.endsWith('line 19999\n')).toBe(true)
    expect(stdout).toMatch(/… \d+ characters left out …/)
    expect(stdout.length).toBeLessThan(1100)
  })
})

describe.runIf(process.platform !== 'win32')('stopping a program', () => {
  test('an abort ends grandchildren too, and says so once', async () => {
    const pidFile = join(folder, 'abort')
    const controller = new AbortController()
    let stops = 0
    const running = runProcess(node, parentOfSleeper(pidFile), { signal: controller.signal, onStop: () => stops++ })
    const pid = await pidIn(pidFile)
    controller.abort()
    expect(await running).toMatchObject({ stopped: 'abort' })
    expect(await gone(pid)).toBe(true)
    expect(stops).toBe(1)
  })

  test('an aborted signal starts nothing', async () => {
    const result = await runProcess(join(folder, 'absent'), [], { signal: AbortSignal.abort() })
    expect(result.stopped).toBe('abort')
  })

  test('a time limit is kept, also by a program that ignores SIGTERM', async () => {
    const result = await runProcess(node, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], {
      timeoutMs: 700,
    })
    expect(result).toMatchObject({ stopped: 'timeout', exitSignal: 'SIGKILL' })
    expect(result.seconds).toBeLessThan(10)
  })

  test('a memory limit counts what grandchildren use', async () => {
    const pidFile = join(folder, 'memory')
    const eater = 'const kept = []; setInterval(() => kept.push(Buffer.alloc(32 << 20, 1)), 30)'
    const result = await runProcess(node, parentOfSleeper(pidFile, eater), {
      memoryBytes: 400 << 20,
      timeoutMs: 60_000,
    })
    expect(result.stopped).toBe('memory')
    expect(result.peakBytes).toBeGreaterThan(400 << 20)
    expect(await gone(await pidIn(pidFile))).toBe(true)
  })

  test('what runs ends with us when the terminal says so', async () => {
    const pidFile = join(folder, 'signal')
    const module = join(import.meta.dirname, '../../src/process/spawn.ts')
    const script = join(folder, 'host.mjs')
    const { build } = await import('esbuild')
    await build({
      stdin: {
        contents: `import { runProcess } from ${JSON.stringify(module)}
          setTimeout(() => process.kill(process.pid, 'SIGINT'), 1500)
          await runProcess(process.execPath, ${JSON.stringify(parentOfSleeper(pidFile))})`,
        resolveDir: folder,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
    })
    const host = spawnSync(node, [script], { timeout: 30_000 })
    expect(host.signal).toBe('SIGINT')
    expect(await gone(await pidIn(pidFile))).toBe(true)
  })
})

test.skipIf(process.platform === 'win32')(
  'a program that has ended is not waited for, whoever holds its output',
  async () => {
    const pidFile = join(folder, 'left.pid')
    const sleeper = "require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit', detached: true })"
    const code = `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(${sleeper}.pid)); console.log('done'); process.exit(3)`
    const { exitCode, stdout, stopped, seconds } = await runProcess(node, ['-e', code])
    process.kill(await pidIn(pidFile))
    expect({ exitCode, stdout, stopped }).toEqual({ exitCode: 3, stdout: 'done\n', stopped: undefined })
    expect(seconds).toBeLessThan(30)
  },
)
