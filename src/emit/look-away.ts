import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where a project has all that is generated and nobody's to look at, relative to it: types, reports, files of servers. */
export const generatedFolder = '.onnx-mlir'

/** Prettier's name for the form that `JSON.stringify` writes. */
const parser = 'json-stringify'

/** Files by name that keep git and Prettier from all of the folder. Prettier goes by the nearest configuration. */
export const lookAway: readonly (readonly [name: string, text: string])[] = [
  ['.gitignore', '*\n'],
  [
    '.prettierrc',
    `${JSON.stringify(
      {
        // JSON can't carry a comment that says so: it has the form that it is written in.
        requirePragma: true,
        tabWidth: 2,
        useTabs: false,
        overrides: [
          { files: ['*.json', '.prettierrc'], options: { parser } },
          { files: ['reports/*.json'], options: { parser, tabWidth: 1 } },
        ],
      },
      null,
      2,
    )}\n`,
  ],
]

/** Makes sure of these files, where nothing else does. */
export async function writeLookAway(project: string): Promise<void> {
  const folder = join(project, generatedFolder)
  await mkdir(folder, { recursive: true })
  for (const [name, text] of lookAway) if (!existsSync(join(folder, name))) await writeFile(join(folder, name), text)
}
