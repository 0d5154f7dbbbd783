import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readFile, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { inlineFileText } from '../../src/emit/inline-file.ts'
import { type InlineFile, inlineFile } from '../../src/runtime/inline-file.ts'
import { temporaryFolder } from '../hosts/app.ts'

const content = Buffer.from('a library')
const sha256 = createHash('sha256').update(content).digest('hex')
const text = content.toString('base64')
const file = { path: 'abc/m.so', sha256, length: text.length, base64: [() => text] }

let home: string
/** Where the file comes to when all is as it should be. */
let usual: string

beforeEach(async () => {
  home = await temporaryFolder()
  usual = join(home, 'cache/unplugin-onnx-mlir/files/abc/m.so')
  await mkdir(join(home, 'tmp'))
  vi.stubEnv('HOME', home).stubEnv('XDG_CACHE_HOME', join(home, 'cache')).stubEnv('TMPDIR', join(home, 'tmp'))
})
afterEach(() => void vi.unstubAllEnvs())

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777

test('the file is written once, where only this user can read and write', async () => {
  const base64 = vi.fn(file.base64[0]!)
  const place = inlineFile({ ...file, base64: [base64] })
  expect(base64).not.toHaveBeenCalled()
  expect(place('m.onnx')).toBe(usual)
  expect(await readFile(usual)).toEqual(content)
  expect([await modeOf(dirname(dirname(usual))), await modeOf(dirname(usual))]).toEqual([0o700, 0o700])
  expect(inlineFile({ ...file, base64: [base64] })('m.onnx')).toBe(usual)
  expect(base64).toHaveBeenCalledTimes(1)
  expect(await readdir(dirname(usual))).toEqual(['m.so'])
})

test('compressed files are what they were', async () => {
  const place = inlineFile({ ...file, isCompressed: true, base64: [() => gzipSync(content).toString('base64')] })
  expect(await readFile(place('m.onnx'))).toEqual(content)
})

test('what is in the JavaScript is taken out of its source, as all tools write it; else the function is called', async () => {
  for (const [call, code] of [
    [0, `() => "${text}"`],
    [0, `()=>\`${text}\``],
    [0, `function () { return '${text}' }`],
    [1, `() => { tool("counts"); return "${text}" }`],
    [1, `() => constant`],
  ] as const) {
    await rm(join(home, 'cache'), { recursive: true, force: true })
    const calls: string[] = []
    const made = new Function('tool', 'constant', `return ${code}`)(String, text) as () => string
    const base64 = new Proxy(made, { apply: () => (calls.push(code), text) })
    Object.defineProperty(base64, Symbol.toPrimitive, { value: () => code })
    expect(await readFile(inlineFile({ ...file, base64: [base64] })('m.onnx'))).toEqual(content)
    expect([code, calls.length]).toEqual([code, call])
  }
})

test('large files are in pieces, and come together', async () => {
  const large = Buffer.from(Array.from({ length: 700_001 }, (_, i) => Math.imul(i ^ (i >>> 3), 2654435761) >>> 11))
  const hash = createHash('sha256').update(large).digest('hex')
  const made = inlineFileText({ path: 'abc/l.bin', sha256: hash }, large)
  expect(made.match(/\(\) => "/g)!.length).toBeGreaterThan(1)
  const parsed = new Function(`return ${made}`)() as InlineFile
  expect((await readFile(inlineFile(parsed)('m.onnx'))).equals(large)).toBe(true)
})

test('what shrinks is compressed in the JavaScript, what does not is left', () => {
  const facts = { path: 'abc/m.so', sha256 }
  const code = Buffer.alloc(1000, 'mov eax, ebx;')
  const weights = createHash('sha512').update('w').digest()
  expect(inlineFileText(facts, code)).toContain('isCompressed: true')
  expect(inlineFileText(facts, weights)).toBe(
    `{ path: "abc/m.so", sha256: "${sha256}", length: 88, base64: [() => "${weights.toString('base64')}"] }`,
  )
})

test.each([
  ['cut short', content.subarray(0, 4)],
  ['of somebody else', Buffer.from('an attack')],
])('a file that is there but %s is replaced before it is used', async (_what, other) => {
  await mkdir(dirname(usual), { recursive: true, mode: 0o700 })
  await writeFile(usual, other, { mode: 0o700 })
  expect(inlineFile(file)('m.onnx')).toBe(usual)
  expect(await readFile(usual)).toEqual(content)
})

test('a file that was changed after it was used is noticed', async () => {
  const place = inlineFile(file)
  place('m.onnx')
  await rm(usual)
  await writeFile(usual, 'an attack', { mode: 0o700 })
  expect(await readFile(place('m.onnx'))).toEqual(content)
})

test('JavaScript that was changed is an error, and its file is not used', () => {
  const place = inlineFile({ ...file, base64: [() => 'AAAA'] })
  expect(() => place('m.onnx')).toThrow(expect.objectContaining({ code: 'LOAD_CHANGED' }))
})

const asTmp = (): string => join(home, `tmp/unplugin-onnx-mlir-${process.geteuid?.()}/abc/m.so`)

test('a folder that others can write to, or that leads elsewhere, is not used', async () => {
  const files = dirname(dirname(usual))
  await mkdir(files, { recursive: true })
  await chmod(files, 0o777)
  expect(inlineFile(file)('m.onnx')).toBe(asTmp())
  // In the folder that all share somebody was first.
  await rm(join(home, 'tmp'), { recursive: true })
  await mkdir(join(home, 'elsewhere'))
  await mkdir(join(home, 'tmp'))
  await symlink(join(home, 'elsewhere'), dirname(dirname(asTmp())))
  const place = inlineFile(file)('m.onnx')
  expect(place).toMatch(/\/tmp\/unplugin-onnx-mlir-\w{6}\/abc\/m\.so$/)
  expect(await readdir(join(home, 'elsewhere'))).toEqual([])
  expect(await modeOf(dirname(dirname(place)))).toBe(0o700)
})

test('without a home that can be written it is a folder for temporary files; without that an error says what to do', async () => {
  await rm(join(home, 'cache'), { recursive: true, force: true })
  await writeFile(join(home, 'cache'), '') // what root can't write below, either
  expect(inlineFile(file)('m.onnx')).toBe(asTmp())
  vi.stubEnv('TMPDIR', join(home, 'cache'))
  // A folder of this process alone may be left from a test before: a process of its own has none.
  const said = await inProcess(`inlineFile(file)('m.onnx')`)
  expect(said).toMatch(/^LOAD_PLACE m\.onnx: .*ENOTDIR.*XDG_CACHE_HOME or TMPDIR.*files: \{ dir \}/)
})

test.skipIf(process.platform !== 'linux')(
  'a home below a folder that nothing can be made in is no endless search',
  async () => {
    vi.stubEnv('XDG_CACHE_HOME', '/proc/nowhere/cache')
    expect(await inProcess(`console.log(inlineFile(file)('m.onnx'))`)).toBe(asTmp())
  },
)

test('what is there already is used where nothing can be written', async () => {
  inlineFile(file)('m.onnx')
  await chmod(dirname(usual), 0o500)
  const base64 = vi.fn(file.base64[0]!)
  expect(inlineFile({ ...file, base64: [base64] })('m.onnx')).toBe(usual)
  expect(base64).not.toHaveBeenCalled()
  await chmod(dirname(usual), 0o700)
})

test('what no program used for a month is removed when something is written', async () => {
  const files = dirname(dirname(usual))
  const day = 24 * 3600
  for (const [name, days] of Object.entries({ old: 31, young: 29 })) {
    await mkdir(join(files, name), { recursive: true, mode: 0o700 })
    await utimes(join(files, name), Date.now() / 1000 - days * day, Date.now() / 1000 - days * day)
  }
  await chmod(files, 0o700)
  inlineFile(file)('m.onnx')
  expect((await readdir(files)).sort()).toEqual(['abc', 'young'])
  // Using it counts.
  await utimes(join(files, 'abc'), 0, 0)
  inlineFile(file)('m.onnx')
  expect(Date.now() - (await stat(join(files, 'abc'))).mtimeMs).toBeLessThan(60_000)
})

test('processes that come at a time all get a whole file', async () => {
  const large = Buffer.alloc(8 << 20, 7)
  const hash = createHash('sha256').update(large).digest('hex')
  const body = `const large = Buffer.alloc(8 << 20, 7)
    const path = inlineFile({ path: 'abc/m.so', sha256: '${hash}', length: 1, base64: [() => large.toString('base64')] })('m.onnx')
    console.log(require('node:fs').readFileSync(path).equals(large))`
  expect(await Promise.all(Array.from({ length: 4 }, () => inProcess(body)))).toEqual(Array(4).fill('true'))
  expect(await readdir(dirname(usual))).toEqual(['m.so'])
})

/** Runs code in a process of its own, in this test's environment; gives what it prints or the error that ends it. */
async function inProcess(body: string): Promise<string> {
  const runtime = JSON.stringify(join(import.meta.dirname, '../../dist/runtime/node.js'))
  const facts = JSON.stringify({ path: file.path, sha256, length: text.length })
  const code = `import(${runtime}).then(({ inlineFile }) => {
    const file = { ...${facts}, base64: [() => '${text}'] }
    try { ${body} } catch (error) { console.log(error.code, error.message) }
  })`
  const child = spawn(process.execPath, ['-e', code], { env: { ...process.env }, stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill())
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += String(text)))
  await new Promise((done) => child.once('close', done))
  return said.trim()
}
