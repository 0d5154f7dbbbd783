import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findPython, type FindOptions } from '../../../src/formats/python/find.ts'
import { temporaryFolder } from '../../hosts/app.ts'
import { callsOf, fakePython } from './fake.ts'

const find = (from: string, env: NodeJS.ProcessEnv = {}, more: Partial<FindOptions> = {}) =>
  findPython('torch', { what: 'm.pt', from, env, ...more })

it('takes the first that has torch, in the order that users expect, and goes past those that have none', async () => {
  const root = await temporaryFolder()
  const at = (path: string): string => join(root, path)
  const env = {
    PYTHON: at('named'),
    VIRTUAL_ENV: at('active'),
    CONDA_PREFIX: at('conda'),
    PATH: `${at('nowhere')}:${at('bin')}`,
  }
  const model = at('project/models/deep')
  mkdirSync(model, { recursive: true })
  const places = [
    'bin/python',
    'bin/python3',
    'conda/bin/python',
    'project/venv/bin/python',
    'project/.venv/bin/python',
    'project/models/.venv/bin/python',
    'active/bin/python',
    'named',
  ]
  // From the last place to the first: each that comes is before the others.
  for (const [i, place] of places.entries()) {
    fakePython(at(place), { torch: `2.${i}.0` })
    expect(await find(model, env)).toEqual({ path: at(place), python: '3.11.2', version: `2.${i}.0` })
  }
  fakePython(at('named'))
  fakePython(at('active/bin/python'), { torch: '1.12.1' })
  expect((await find(model, env)).path).toBe(at('project/models/.venv/bin/python'))
})

it('tells all that was tried, and why each does not do', async () => {
  const root = await temporaryFolder()
  const at = (path: string): string => join(root, path)
  fakePython(at('.venv/bin/python'))
  fakePython(at('old'), { torch: '1.12.0' })
  fakePython(at('bin/python'), { instead: '' })
  writeFileSync(
    at('bin/python'),
    `#!${process.execPath}\nconsole.error('first'); console.error('no such module'); process.exit(3)`,
  )
  const env = { PYTHON: at('old'), VIRTUAL_ENV: at('gone'), PATH: at('bin') }
  const error = await findPython('keras', { what: 'm.keras', from: root, env }).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ name: 'EnvironmentError', code: 'ENVIRONMENT_NO_PYTHON', data: { needs: 'keras' } })
  const { message } = error as Error
  expect(message).toContain('m.keras takes Python with keras, but none was found. Tried:')
  expect(message).toContain(`${at('old')} (PYTHON) (Python 3.11.2) has no keras`)
  expect(message).toContain(`${at('gone/bin/python')} (VIRTUAL_ENV) is not there`)
  expect(message).toContain(`${at('.venv/bin/python')} (.venv) (Python 3.11.2) has no keras`)
  expect(message).toContain('python3 on PATH is not there')
  expect(message).toContain(`${at('bin/python')} (python on PATH) does not answer: no such module`)
  expect(message).toContain('pip install keras tensorflow tf2onnx')
})

it('one that is too old, and one that only an option names, are said to be so; another is not taken then', async () => {
  const root = await temporaryFolder()
  const old = fakePython(join(root, 'old'), { torch: '1.12.0' })
  fakePython(join(root, '.venv/bin/python'), { torch: '2.6.0' })
  await expect(find(root, {}, { interpreter: old })).rejects.toThrow(
    `${old} (option python) has torch 1.12.0, which is too old: it takes 1.13 or newer\nInstall it: python3 -m pip install torch onnx`,
  )
  await expect(find(root, {}, { interpreter: join(root, 'none') })).rejects.toThrow('(option python) is not there')
  expect((await find(root, { PYTHON: old })).version).toBe('2.6.0')
})

it('odd versions of torch are versions', async () => {
  const root = await temporaryFolder()
  for (const torch of ['1.13.0a0+gitunknown', '2.13.0+cpu', 'unknown']) {
    fakePython(join(root, '.venv/bin/python'), { torch })
    expect((await find(root)).version).toBe(torch)
  }
})

it('a program that is no Python does not answer, nor one that is ended', async () => {
  const root = await temporaryFolder()
  const program = (text: string): string => {
    const path = fakePython(join(root, 'program'))
    writeFileSync(path, text)
    return path
  }
  const why = (text: string) => find(root, {}, { interpreter: program(text) }).catch((error: Error) => error.message)
  expect(await why('#!/bin/sh\necho hello')).toContain('does not answer:')
  expect(await why('#!/bin/sh\necho 1')).toContain('does not answer: it is no Python')
  expect(await why('#!/bin/sh\nkill -9 $$')).toContain('does not answer: it ends with SIGKILL')
  const controller = new AbortController()
  const waiting = find(root, {}, { interpreter: program('#!/bin/sh\nsleep 60'), signal: controller.signal })
  controller.abort(new Error('closed'))
  await expect(waiting).rejects.toThrow('closed')
})

it('asks a script each time, as it may start another Python than before', async () => {
  const root = await temporaryFolder()
  const script = fakePython(join(root, 'script'), { torch: '2.6.0' })
  for (let i = 0; i < 2; i++) await find(root, {}, { interpreter: script, memoFolder: root })
  expect(callsOf(script).probes).toBe(2)
})
