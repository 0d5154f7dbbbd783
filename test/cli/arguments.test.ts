import { expect, test } from 'vitest'
import { dimsOption } from '../../src/cli/dims.ts'
import { numberOption, parseArguments } from '../../src/cli/parse.ts'
import type { Command } from '../../src/cli/command.ts'
import { cli } from './cli.ts'

const names = ['compile', 'inspect', 'run', 'types', 'verify', 'bench', 'doctor', 'cache', 'conformance']

const command: Command = {
  name: 'cook',
  summary: 'Cook',
  positionals: { usage: 'DISH', min: 1, max: 2 },
  options: {
    salt: { type: 'string', short: 's', value: 'N', help: '' },
    hot: { type: 'boolean', help: '' },
    rest: { type: 'boolean', bare: '5', value: 'MINUTES', help: '' },
    dims: { type: 'string', multiple: true, value: 'NAME=N', help: '' },
  },
  run: async () => ({ ok: true, text: '', json: null }),
}

test.each(names)('%s --help tells its options', async (name) => {
  const { code, out } = await cli(name, '--help')
  expect(code).toBe(0)
  expect(out).toContain(`Usage: unplugin-onnx-mlir ${name}`)
  expect(out).toContain('--json FILE')
})

test('an option that may have a value has it behind an equals sign', () => {
  const restOf = (...args: string[]) => parseArguments(command, args)
  expect(restOf('--rest', 'soup')).toMatchObject({ positionals: ['soup'], values: { rest: '5' } })
  expect(restOf('--rest=9', 'soup')).toMatchObject({ positionals: ['soup'], values: { rest: '9' } })
  expect(restOf('soup').values['rest']).toBeUndefined()
})

test('the overview names every command', async () => {
  const { code, out } = await cli('--help')
  expect(code).toBe(0)
  for (const name of names) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'))
  expect(await cli()).toMatchObject({ code: 2, out: '', err: out })
})

test('the version is that of the package', async () => {
  expect(await cli('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/) })
})

test.each([
  [['inspct', 'm.onnx'], /no command "inspct".* Did you mean "inspect"\?/],
  [['inspect'], /^inspect: MODEL is missing\. See: unplugin-onnx-mlir inspect --help/],
  [['inspect', 'a.onnx', 'b.onnx'], /one argument too many: "b\.onnx"/],
  [['inspect', 'm.onnx', '--jsn', 'x'], /no option --jsn\. Did you mean "--json"\?/],
  [['inspect', 'm.onnx', '--constructor'], /no option --constructor\./],
  [['inspect', 'm.onnx', '--json'], /--json needs a value \(FILE\)/],
  [['types', '--check=yes'], /--check takes no value/],
  [['types', '--check', '--watch'], /exclude each other/],
])('%j is wrong usage', async (args, message) => {
  const { code, err, out } = await cli(...args)
  expect(err).toMatch(message)
  expect(code).toBe(2)
  expect(out).toBe('')
})

test('options are read in all their spellings; the last one counts', () => {
  const { values, flags, positionals } = parseArguments(command, ['soup', '--salt=1', '-s2', '--hot', '--', '--rice'])
  expect(values['salt']).toBe('2')
  expect([...flags]).toEqual(['hot'])
  expect(positionals).toEqual(['soup', '--rice'])
})

test('numbers are checked', () => {
  const number = (text: string, integer = true) =>
    numberOption(parseArguments(command, ['soup', `--salt=${text}`]), 'salt', { otherwise: 5, min: 1, integer })
  expect(number('3')).toBe(3)
  expect(number('1.5', false)).toBe(1.5)
  for (const wrong of ['0', '1.5', 'many', 'Infinity', ' '])
    expect(() => number(wrong)).toThrow(/--salt must be a whole number/)
  expect(numberOption(parseArguments(command, ['soup']), 'salt', { otherwise: 5 })).toBe(5)
})

test('sizes of dimensions are pairs', () => {
  const dims = (...texts: string[]) =>
    dimsOption(parseArguments(command, ['soup', ...texts.map((text) => `--dims=${text}`)]))
  expect(dims('batch=4,seq=128', 'batch=2')).toEqual({ batch: 2, seq: 128 })
  expect(dims('a,b=1')).toEqual({ 'a,b': 1 })
  expect(dims('past=seq=3')).toEqual({ 'past=seq': 3 })
  for (const wrong of ['batch', 'batch=', '=3', 'batch=x', 'batch=2,'])
    expect(() => dims(wrong)).toThrow(/--dims must be like/)
  expect(() => dims('batch=0')).toThrow(/size of at least 1/)
})

test('an option is not taken for the value of the one before', () => {
  const parse =
    (...args: string[]) =>
    () =>
      parseArguments(command, ['soup', ...args])
  expect(parse('--json', '--hot')).toThrow(
    '--json needs a value (FILE), and --hot looks like an option; if it is the value, write --json=--hot',
  )
  expect(parse('-s', '-h')).toThrow(
    '-s needs a value (N), and -h looks like an option; if it is the value, write --salt=-h',
  )
  expect(parse('--json=--hot')().values['json']).toBe('--hot')
  expect(parse('--json', '-')().values['json']).toBe('-')
  expect(parse('--salt', '-1')().values['salt']).toBe('-1')
})
