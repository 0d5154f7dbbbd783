import type { Signature } from '../cache/artifact.ts'
import { languageFlags } from '../toolchains/flags.ts'
import { entryText } from './header.ts'
import { type FlatPort, type FlatPorts, flatPorts } from './flat-entry.ts'

// A model's C as a library of Arduino's, whose specification (revision 2.1) says where files are and which fields there are.

export interface ArduinoFacts {
  /** What the model is called in C: the library's name, too. */
  readonly tag: string
  readonly signature: Signature
  readonly arenaBytes: number
  /** Our name and version. */
  readonly identity: string
}

/** Names of a library's folder are no longer. */
export const LONGEST_LIBRARY = 63

/** What is before a library's C: Arduino gives libraries no flags of their own, and these are part of what the code means. */
export const arduinoPreface = `#if __SIZEOF_POINTER__ < 4
#error "this model needs a board of 32 bits"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("wrapv", "no-strict-aliasing", "no-math-errno", "no-trapping-math")
#endif
`

/** What is in a library beside the folder `src`: texts by their paths, which are the user's to change once they are written. */
export function arduinoFiles(facts: ArduinoFacts): ReadonlyMap<string, string> {
  const { tag } = facts
  return new Map([
    ['library.properties', properties(facts)],
    ['library.json', platformio(facts)],
    ['keywords.txt', keywords(facts)],
    ['LICENSE.txt', license(facts)],
    [`examples/${tag}/${tag}.ino`, sketch(facts)],
  ])
}

function properties({ tag, arenaBytes, identity }: ArduinoFacts): string {
  return `name=${tag}
version=1.0.0
author=unplugin-onnx-mlir
maintainer=unplugin-onnx-mlir
sentence=The neural network ${tag}, compiled to C.
paragraph=Needs no other library, no malloc, and ${arenaBytes} bytes of RAM while it runs. Made by ${identity}.
category=Data Processing
url=https://onnx.ai/
architectures=*
includes=${tag}.h
`
}

/** For PlatformIO, which gives a library's files flags of their own. */
function platformio({ tag }: ArduinoFacts): string {
  const library = {
    name: tag,
    version: '1.0.0',
    description: `The neural network ${tag}, compiled to C`,
    headers: `${tag}.h`,
    frameworks: '*',
    platforms: '*',
    build: { flags: languageFlags },
  }
  return `${JSON.stringify(library, undefined, 2)}\n`
}

/** Fields are apart by one tab. */
function keywords({ tag, signature }: ArduinoFacts): string {
  const { inputs, outputs } = flatPorts(signature)!
  const sizes = [...inputs, ...outputs].map((port) => macro(tag, `${port.parameter}_ELEMENTS`))
  const constants = [macro(tag, 'ARENA_BYTES'), macro(tag, 'ALIGNMENT'), ...sizes]
  return [`${tag}_run\tKEYWORD2`, ...constants.map((name) => `${name}\tLITERAL1`), ''].join('\n')
}

function license({ tag }: ArduinoFacts): string {
  return `SPDX-License-Identifier: Apache-2.0

src/${tag}.c has kernels of unplugin-onnx-mlir, which are under the Apache License 2.0, http://www.apache.org/licenses/LICENSE-2.0.
The numbers in it are the model's: what may be done with them says who gave you the model.
`
}

function macro(tag: string, name: string): string {
  return `${tag}_${name}`.toUpperCase()
}

/** A program that runs the model once a second, says how long it takes, and shows the first numbers of each output. */
function sketch({ tag, signature }: ArduinoFacts): string {
  const ports = flatPorts(signature)!
  const { inputs, outputs } = ports
  return `#include <${tag}.h>

// Memory that the model works in.
alignas(${macro(tag, 'ALIGNMENT')}) static uint8_t arena[${macro(tag, 'ARENA_BYTES')}];

${[...inputs, ...outputs].map((port) => arrayOf(tag, port)).join('\n')}

void setup() {
  Serial.begin(115200);
}

void loop() {
  // Put what your sensors measure into ${listed(inputs)} here.

  const unsigned long begin = micros();
  const int failed = ${callOf(tag, ports)};
  const unsigned long end = micros();

  if (failed) {
    Serial.print("The model can't take this: ");
    Serial.println(failed);
  } else {
    Serial.print(end - begin);
    Serial.println(" us");
${outputs.map(shown).join('')}  }
  delay(1000);
}
`
}

function arrayOf(tag: string, { c, parameter, elements, entry }: FlatPort): string {
  const size = elements > 0 ? macro(tag, `${parameter}_ELEMENTS`) : '1'
  return `// ${entryText(entry)}\nstatic ${c} ${parameter}[${size}];`
}

function listed(ports: readonly FlatPort[]): string {
  return ports.map(({ parameter }) => parameter).join(', ') || 'variables'
}

function callOf(tag: string, { inputs, outputs }: FlatPorts): string {
  return `${tag}_run(${['arena', ...[...inputs, ...outputs].map(({ parameter }) => parameter)].join(', ')})`
}

/** Not all boards print integers of 64 bits. */
function shown({ c, parameter, elements }: FlatPort): string {
  const isFloat = c === 'float' || c === 'double'
  return `    for (int i = 0; i < ${Math.min(elements, 16)}; i++) Serial.println(${isFloat ? '' : '(long)'}${parameter}[i]);\n`
}
