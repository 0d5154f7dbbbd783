#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { OnnxMlirError, UsageError } from '../errors.ts'
import type { Command, Invocation } from './command.ts'
import { conformance } from './conformance.ts'

const commands: readonly Command[] = [conformance]

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    console.log(overview())
    return name === undefined ? 2 : 0
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (!command) throw new UsageError('USAGE_COMMAND', `There is no command ${JSON.stringify(name)}.\n\n${overview()}`)
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(help(command))
    return 0
  }
  return command.run(parse(command, rest))
}

function parse(command: Command, args: string[]): Invocation {
  const usage = (problem: string): UsageError =>
    new UsageError('USAGE_ARGUMENTS', `${command.name}: ${problem}. See unplugin-onnx-mlir ${command.name} --help.`)
  let parsed
  try {
    parsed = parseArgs({ args, options: command.options, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage(error instanceof Error ? error.message.replace(/\.$/, '') : String(error))
  }
  const all = (option: string): string[] => [parsed.values[option]].flat().filter((value) => typeof value === 'string')
  return {
    positionals: parsed.positionals,
    values: Object.fromEntries(Object.keys(command.options).map((option) => [option, all(option).at(-1)])),
    flags: new Set(Object.keys(parsed.values).filter((option) => parsed.values[option] === true)),
    all,
    usage,
  }
}

function overview(): string {
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`)
  return `Usage: unplugin-onnx-mlir COMMAND …\n\n${lines.join('\n')}\n\nunplugin-onnx-mlir COMMAND --help tells a command's options.`
}

function help({ name, summary, positionals = '', options }: Command): string {
  const lines = Object.entries(options).map(([option, { value, short, help: text }]) => {
    const left = `${short ? `-${short}, ` : ''}--${option}${value ? ` ${value}` : ''}`
    return `  ${left.padEnd(26)} ${text}`
  })
  return `Usage: unplugin-onnx-mlir ${name} ${positionals}\n\n${summary}\n\n${lines.join('\n')}`
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (!(error instanceof OnnxMlirError)) throw error
    console.error(error.message)
    process.exitCode = error instanceof UsageError ? 2 : 1
  },
)
