import { type Command, started } from './command.ts'
import { optionsOf } from './parse.ts'
import { bold } from './style.ts'
import { summaries } from './summaries.ts'

const program = 'unplugin-onnx-mlir'

/** What `--help` says without a command. */
export function overview(): string {
  const lines = Object.entries(summaries).map(([name, summary]) => `  ${bold(name.padEnd(12))} ${summary}`)
  return [
    `Usage: ${program} COMMAND …`,
    lines.join('\n'),
    `${program} COMMAND --help tells a command's options; ${program} --version the version.`,
    'Exit code: 0 on success, 1 when a check or a model fails, 2 on wrong usage.',
  ].join('\n\n')
}

/** What `COMMAND --help` says. */
export function help(command: Command): string {
  const { summary, positionals, notes } = command
  const lines = Object.entries(optionsOf(command)).map(([option, { value, short, bare, help: text }]) => {
    const left = `${short ? `-${short}, ` : ''}--${option}${value ? (bare === undefined ? ` ${value}` : `[=${value}]`) : ''}`
    return `  ${left.padEnd(26)} ${text}`
  })
  const usage = [started(command), positionals?.usage, '[OPTION …]'].filter(Boolean).join(' ')
  return [`Usage: ${usage}`, `${summary}.`, lines.join('\n'), ...(notes ? [notes] : [])].join('\n\n')
}
