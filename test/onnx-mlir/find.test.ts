import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Capabilities } from '../../src/onnx-mlir/capabilities.ts'
import { findOnnxMlir, listCandidates, missingOnnxMlir } from '../../src/onnx-mlir/find.ts'
import { capabilitiesOf, installationKey } from '../../src/onnx-mlir/probe.ts'
import { elfLibrary } from './elf-builder.ts'
import { installStandIn, workshop } from './installed.ts'

const { fresh, remove } = workshop('find-test')
afterAll(remove)

function script(content: string): string {
  const folder = join(fresh(), 'bin')
  mkdirSync(folder)
  const path = join(folder, 'onnx-mlir')
  writeFileSync(path, content, { mode: 0o755 })
  return path
}

describe('looking for an onnx-mlir', () => {
  test('finds it by option, ONNX_MLIR_HOME and PATH, in this order', async () => {
    const [byOption, byHome, byPath] = [
      installStandIn(fresh(), []),
      installStandIn(fresh(), []),
      installStandIn(fresh(), []),
    ]
    const env = { ONNX_MLIR_HOME: byHome.folder, PATH: ['/nowhere', '', join(byPath.folder, 'bin')].join(delimiter) }
    expect(await findOnnxMlir({ path: byOption.folder, env })).toEqual(byOption.installation)
    expect(await findOnnxMlir({ path: byOption.installation.path, env })).toEqual(byOption.installation)
    expect(await findOnnxMlir({ env })).toEqual(byHome.installation)
    expect(await findOnnxMlir({ env: { PATH: env.PATH } })).toEqual(byPath.installation)
    expect(await findOnnxMlir({ env: { PATH: '/nowhere' } })).toBeUndefined()
    const found = await listCandidates({ path: byOption.folder, env })
    expect(found.map(({ source }) => source)).toEqual(['option', 'ONNX_MLIR_HOME', 'PATH'])
  })

  test('an empty entry of PATH is not the working directory', async () => {
    const { folder } = installStandIn(fresh(), [])
    const before = process.cwd()
    process.chdir(join(folder, 'bin'))
    try {
      expect(existsSync('onnx-mlir')).toBe(true)
      expect(await findOnnxMlir({ env: { PATH: '' } })).toBeUndefined()
    } finally {
      process.chdir(before)
    }
  })

  test('what was named and isn’t there is an error, and doctor sees all places', async () => {
    const empty = fresh()
    const { installation, folder } = installStandIn(fresh(), [])
    const env = { ONNX_MLIR_HOME: empty, PATH: join(folder, 'bin') }
    await expect(findOnnxMlir({ env })).rejects.toMatchObject({
      code: 'ENVIRONMENT_ONNX_MLIR',
      message: expect.stringContaining(`ONNX_MLIR_HOME=${empty} holds no executable onnx-mlir`),
    })
    const candidates = await listCandidates({ env })
    expect(candidates.map(({ error }) => error?.code)).toEqual(['ENVIRONMENT_ONNX_MLIR', undefined])
    expect(candidates[1]?.installation).toEqual(installation)
    chmodSync(installation.path, 0o644)
    await expect(findOnnxMlir({ path: installation.path, env: {} })).rejects.toMatchObject({
      code: 'ENVIRONMENT_ONNX_MLIR',
    })
  })

  test('follows links, so that tools beside the real binary are found', async () => {
    const { installation } = installStandIn(fresh(), [])
    const link = join(fresh(), 'onnx-mlir')
    symlinkSync(installation.path, link)
    expect(await findOnnxMlir({ path: link, env: {} })).toEqual(installation)
  })

  test('where there is none, the ways to get one are told', () => {
    expect(missingOnnxMlir('z16').message).toMatch(
      /podman pull --platform=linux\/s390x onnxmlir\/onnx-mlir[\s\S]*ONNX_MLIR_HOME[\s\S]*ssh:\/\/host/,
    )
    expect(missingOnnxMlir('x86-64').message).not.toContain('--platform')
  })
})

describe('asking what it can', () => {
  function memoryStore() {
    const kept = new Map<string, Capabilities>()
    return {
      kept,
      get: async (key: string) => kept.get(key),
      set: async (key: string, value: Capabilities) => void kept.set(key, value),
    }
  }

  test('happens once for each binary, and again when it changes', async () => {
    const { installation } = installStandIn(fresh(), [])
    const store = memoryStore()
    const first = await capabilitiesOf(installation, store)
    expect(await capabilitiesOf(installation, store)).toBe(first)
    expect([...store.kept]).toEqual([[await installationKey(installation), first]])
    const other = { ...first, version: 'from the store' }
    writeFileSync(installation.path, '#!/bin/sh\nexit 1\n')
    store.kept.set(await installationKey(installation), other)
    expect(await capabilitiesOf(installation, store)).toBe(other)
  })

  test('a failure is not kept', async () => {
    const path = script('#!/bin/sh\nexit 1\n')
    await expect(capabilitiesOf({ kind: 'local', path })).rejects.toMatchObject({ code: 'ENVIRONMENT_ONNX_MLIR' })
    const { installation } = installStandIn(fresh(), [])
    expect((await capabilitiesOf(installation)).nnpa).toBe(true)
  })

  test('--help is enough where --help-hidden is unknown', async () => {
    const { installation } = installStandIn(fresh(), [])
    const path = script(`#!/bin/sh\n[ "$1" = --help-hidden ] && exit 1\nexec ${installation.path} "$@"\n`)
    expect((await capabilitiesOf({ kind: 'local', path })).arch).toBe('x86-64')
  })

  test.each([
    [
      'another program',
      '#!/bin/sh\necho "usage: something else"\n',
      /doesn’t work as an onnx-mlir: it says: usage: something else/,
    ],
    ['silence', '#!/bin/sh\nexit 0\n', /it gives no answer to --help/],
    ['a crash', '#!/bin/sh\nkill -SEGV $$\n', /doesn’t work as an onnx-mlir/],
    [
      'a missing library',
      '#!/bin/sh\necho "onnx-mlir: error while loading shared libraries: libX.so.1: cannot open" >&2\nexit 127\n',
      /lacks the library libX\.so\.1/,
    ],
    ['no interpreter', '#!/nowhere/sh\n', /Can’t start/],
  ])('%s is an error', async (_, content, message) => {
    await expect(capabilitiesOf({ kind: 'local', path: script(content) })).rejects.toMatchObject({
      code: 'ENVIRONMENT_ONNX_MLIR',
      message: expect.stringMatching(message),
    })
  })

  test('a binary for another machine is named as such', async () => {
    const [machine, name] = process.arch === 's390x' ? [62, 'x86-64'] : [22, 's390x']
    const path = script('')
    writeFileSync(path, elfLibrary({ machine, byteOrder: machine === 22 ? 'big' : 'little', symbols: {} }))
    await expect(capabilitiesOf({ kind: 'local', path })).rejects.toMatchObject({
      code: 'ENVIRONMENT_WRONG_MACHINE',
      message: expect.stringContaining(`is built for ${name}, but this machine is`),
    })
  })

  test('a binary that is gone is an error', async () => {
    const path = join(fresh(), 'gone')
    await expect(capabilitiesOf({ kind: 'local', path })).rejects.toMatchObject({ code: 'ENVIRONMENT_ONNX_MLIR' })
  })
})
