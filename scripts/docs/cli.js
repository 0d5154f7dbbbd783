/**
 * docs/cli.md: what `--help` says.
 *
 * @param say what the command line prints, given its arguments
 */
export async function cliPage(say) {
  const block = (text) => `\`\`\`text\n${text.trim()}\n\`\`\``
  const overview = await say(['--help'])
  const sections = []
  for (const [, name] of overview.matchAll(/^ {2}(\w+) /gm))
    sections.push(`## ${name}\n\n${block(await say([name, '--help']))}`)
  return `# The command line

Written by \`npm run docs:generate\` from what \`--help\` says.

${block(overview)}

${sections.join('\n\n')}
`
}
