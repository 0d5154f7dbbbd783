#!/usr/bin/env node
import { runCli } from './run-cli.ts'

// The reader may have seen enough: `… | head`.
process.stdout.once('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCli(process.argv.slice(2))
