import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { amalgamate } from '../../src/builtin/amalgamate.ts'
import { makeFolder } from '../scratch.ts'

test('headers come in the place of their mention: guarded ones once, others each time', async () => {
  const folder = makeFolder()
  const files = {
    'once.h': '/* Once. */\n#ifndef OM_ONCE_H\n#define OM_ONCE_H\n#include "inner.h"\nint once;\n#endif\n',
    'inner.h': '#ifndef OM_INNER_H\n#define OM_INNER_H\n#include <math.h>\nint inner;\n#endif\n',
    'template.h': 'int NAME;\n',
  }
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const main = [
    '#ifdef SOMETIMES\n#include "inner.h"\n#endif',
    '#include "once.h"\n#include "once.h"\n#include "inner.h"',
    '#include "template.h"\n#include "template.h"\n#include "elsewhere.h"\n',
  ].join('\n')
  const lines = (await amalgamate(main, [folder])).split('\n')
  const count = (line: string) => lines.filter((other) => other === line).length
  // In a condition that may not hold, and again where it is wanted for sure.
  expect(count('int inner;')).toBe(2)
  expect(count('int once;')).toBe(1)
  expect(count('int NAME;')).toBe(2)
  expect(lines.filter((line) => line.startsWith('#include'))).toEqual([
    '#include <math.h>',
    '#include <math.h>',
    '#include "elsewhere.h"',
  ])
})
