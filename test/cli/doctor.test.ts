import { afterEach, expect, test, vi } from 'vitest'
import { installStandIn } from '../onnx-mlir/installed.ts'
import { cli, cliJson, temporaryFolder } from './cli.ts'

afterEach(() => vi.unstubAllEnvs())

test('everything that is needed is here', async () => {
  const { code, json, out } = await cliJson('doctor', '--root', await temporaryFolder())
  expect(code).toBe(0)
  expect(json.ok).toBe(true)
  const named = (name: string) => json.checks.filter((check: { name: string }) => check.name === name)
  expect(named('Node')[0]).toMatchObject({ status: 'ok', node: process.version })
  expect(named('C compiler')[0].targets.length).toBeGreaterThan(0)
  expect(named('addon')[0]).toMatchObject({ status: 'ok' })
  expect(named('cache')[0]).toMatchObject({ status: 'ok' })
  expect(named('types')[0]).toMatchObject({ status: 'note' })
  expect(out).toContain('Ready to compile models.')
})

test('no C compiler: says what to install, and that models run as WebAssembly until then', async () => {
  vi.stubEnv('PATH', await temporaryFolder())
  vi.stubEnv('CC', undefined)
  vi.stubEnv('CXX', undefined)
  const { code, out } = await cli('doctor', '--root', await temporaryFolder(), '--cache', await temporaryFolder())
  expect(out).toContain('none for this machine')
  expect(out).toContain('apt-get install g++')
  // @yowasp/clang, where it is installed, needs nothing of the machine.
  const compiles = /\(@yowasp\/clang\)\s+makes wasm/.test(out)
  expect(code).toBe(compiles ? 0 : 1)
  expect(out).toContain(compiles ? 'models run as WebAssembly' : 'Something needed is missing')
})

test('an onnx-mlir that was named and is not there is a failure', async () => {
  vi.stubEnv('ONNX_MLIR_HOME', '/nowhere')
  const { code, json } = await cliJson('doctor', '--root', await temporaryFolder())
  expect(code).toBe(1)
  expect(json.checks).toContainEqual(
    expect.objectContaining({ name: 'onnx-mlir', status: 'missing', source: 'ONNX_MLIR_HOME' }),
  )
})

test('an onnx-mlir says what it makes', async () => {
  const { installation } = installStandIn(await temporaryFolder(), [])
  vi.stubEnv('ONNX_MLIR_HOME', installation.path)
  const { json, out } = await cliJson('doctor', '--root', await temporaryFolder())
  expect(json.checks).toContainEqual(
    expect.objectContaining({
      name: 'onnx-mlir',
      status: 'ok',
      source: 'ONNX_MLIR_HOME',
      nnpa: true,
      targets: ['x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'],
    }),
  )
  expect(out).toContain('makes x86-64, x86-64-v2, x86-64-v3, x86-64-v4; NNPA reports as compiled')
})
