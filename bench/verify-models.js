// `npm run verify:models`: models that people have, their results, speed and size.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../dist/cli/run-cli.js'
import { createVerifyModels } from '../dist/cli/verify-models.js'
import { here, installEngines, sizes } from './engines.js'

const shared = join(dirname(here), '..', 'shared')
const folders = ['models', 'exports'].map((name) => join(shared, name)).filter((folder) => existsSync(folder))

const program = fileURLToPath(import.meta.url)
const args = process.argv.slice(2)
if (!args.includes('--help') && !args.includes('-h')) installEngines()
process.exitCode = await runCommand(createVerifyModels({ packages: here, folders, sizes, program }), args)
