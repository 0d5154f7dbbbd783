import { describe, expect, test } from 'vitest'
import { archOf, canMake, looksLikeOnnxMlir, parseCapabilities } from '../../src/onnx-mlir/capabilities.ts'
import { targets } from '../../src/targets/table.ts'
import { type Generation, generations, helpText, versionText } from './generations.ts'
import { haveRecordings, recording, recordingNames } from './recordings.ts'

function makes(generation: Generation, triple: string): string[] {
  const capabilities = parseCapabilities(helpText(generation), versionText(triple))
  return targets.filter((target) => canMake(capabilities, target)).map(({ name }) => name)
}

describe('what a help text tells', () => {
  test.each([
    ['0.4.0', 'none', true, 'compiler-failure-13'],
    ['0.4.2', 'device-placement', true, 'compiler-failure-13'],
    ['0.5.0', 'device-placement', true, 'compiler-failure-13'],
    ['nnpa-config', 'nnpa-config', true, 'compiler-failure-13'],
    ['config-file', 'config-file', true, 'compiler-failure-14'],
    ['config-file without NNPA', 'config-file', false, 'compiler-failure-14'],
  ] as const)('%s', (generation, placement, nnpa, exitCodes) => {
    const capabilities = parseCapabilities(helpText(generation), versionText())
    expect(capabilities).toMatchObject({ placement, nnpa, exitCodes, arch: 'x86-64', hostCpu: 'znver3' })
    const names = generations[generation].flags.flat().map((flag) => flag.split(/[=[ ]/)[0])
    expect(capabilities.flags).toEqual([...new Set(names)].sort())
    expect(looksLikeOnnxMlir(capabilities)).toBe(true)
  })

  test('is plain data', () => {
    const capabilities = parseCapabilities(helpText('config-file'), versionText())
    expect(JSON.parse(JSON.stringify(capabilities))).toEqual(capabilities)
  })

  test('another program is not taken for onnx-mlir', () => {
    for (const help of ['', 'usage: grep [-E] pattern', helpText('0.4.0').replaceAll('EmitLib', 'EmitX')]) {
      expect(looksLikeOnnxMlir(parseCapabilities(help, ''))).toBe(false)
    }
  })

  test('the commit is known only where the build knew it', () => {
    expect(parseCapabilities('', versionText('s390x-ibm-linux', 'abc1234')).commit).toBe('abc1234')
    expect(parseCapabilities('', 'onnx-mlir version 0.5.1, onnx version 1.20.1\nLLVM version 22\n')).toMatchObject({
      version: 'onnx-mlir version 0.5.1, onnx version 1.20.1',
      commit: undefined,
      triple: '',
      arch: undefined,
    })
  })
})

describe('which libraries a build can make', () => {
  test('those of its own machine only', () => {
    expect(makes('config-file', 'x86_64-pc-linux-gnu')).toEqual(['x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4'])
    expect(makes('config-file', 's390x-ibm-linux-gnu')).toEqual(['z13', 'z14', 'z15', 'z16', 'z17'])
    expect(makes('config-file', 'aarch64-apple-darwin')).toEqual(['darwin-arm64'])
    expect(makes('config-file', 'powerpc64le-unknown-linux')).toEqual([])
    expect(archOf('systemz-x')).toBe('s390x')
  })

  test('z17 since 0.5.0', () => {
    expect(makes('0.4.2', 's390x-ibm-linux-gnu')).toEqual(['z13', 'z14', 'z15', 'z16'])
    expect(makes('0.5.0', 's390x-ibm-linux-gnu')).toContain('z17')
  })
})

describe.runIf(haveRecordings)('a real build', () => {
  const capabilities = haveRecordings
    ? parseCapabilities(recording('help-hidden').stdout, recording('version').stdout)
    : parseCapabilities('', '')

  test('is read whole', () => {
    expect(capabilities).toMatchObject({
      version: expect.stringMatching(/^onnx-mlir version 0\.4\.2, /),
      commit: 'cc5be7b9486d55b14b59276dc70b72d97501aadf',
      triple: 'x86_64-pc-linux-gnu',
      arch: 'x86-64',
      nnpa: true,
      placement: 'config-file',
      exitCodes: 'compiler-failure-14',
    })
    expect(capabilities.values['opt-report']).toEqual(['NoReport', 'Parallel', 'Simd', 'NNPAUnsupportedOps'])
  })

  test('--help is a part of --help-hidden', () => {
    const visible = parseCapabilities(recording('help').stdout, '')
    expect(visible.flags.length).toBeGreaterThan(200)
    expect(visible.flags.filter((flag) => !capabilities.flags.includes(flag))).toEqual([])
  })

  test('knows every flag of every recorded run but the one that was made up', () => {
    for (const { name, args } of recordingNames().map(recording)) {
      const flags = args.filter((arg) => arg.startsWith('-')).map((arg) => arg.replace(/^--?/, '').replace(/=.*/, ''))
      const unknown = flags.filter((flag) => !capabilities.flags.includes(flag))
      expect(unknown, name).toEqual(name === 'error.unknown-flag' ? ['no-such-flag'] : [])
    }
  })
})
