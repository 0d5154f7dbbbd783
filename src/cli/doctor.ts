import type { Check } from './doctor/check.ts'
import { runChecks } from './doctor/checks.ts'
import type { Command } from './command.ts'
import { bold, dim, green, red, yellow } from './style.ts'
import { nearestProject } from '../cache/nearest-package.ts'
import { summaries } from './summaries.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: summaries.doctor,
  options: {
    root: { type: 'string', value: 'DIR', help: 'the project (default: the nearest folder with a package.json)' },
    cache: { type: 'string', value: 'DIR', help: 'folder of the cache (default: see the command cache dir)' },
  },
  notes: 'Exit code 1 if something is missing without which no model can be compiled and run here.',
  async run({ values, progress, signal }) {
    const checks = await runChecks({
      root: values['root'] ?? nearestProject(process.cwd()),
      cache: values['cache'],
      signal,
      progress,
    })
    const ok = checks.every(({ status }) => status !== 'missing')
    const verdict = ok ? green('Ready to compile models.') : red('Something needed is missing: see above.')
    return { ok, text: `${checks.map(text).join('\n')}\n\n${verdict}`, json: { ok, checks } }
  },
}

const marks = { ok: green('✓'), note: dim('·'), warning: yellow('!'), missing: red('✗') } as const

function text({ name, status, found, advice }: Check): string {
  const lines = [...found.split('\n'), ...(advice ? advice.split('\n') : [])]
  return `${marks[status]} ${bold(name.padEnd(14))} ${lines.join(`\n${' '.repeat(17)}`)}`
}
