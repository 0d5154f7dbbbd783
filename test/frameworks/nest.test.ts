import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { filesBelow, moveElsewhere, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'
import { installed, newUser, projectElsewhere, runTool, serve } from './framework.ts'

const framework = installed('nest')

const appFor = (builder: string): Record<string, string | Uint8Array> => ({
  'package.json': '{ "private": true }',
  'nest-cli.json': JSON.stringify({
    sourceRoot: 'src',
    compilerOptions: { builder: { type: builder, options: { configPath: 'bundle.config.cjs' } } },
  }),
  'bundle.config.cjs': `
    const OnnxPlugin = require('unplugin-onnx-mlir/${builder}')
    module.exports = (options) => ({ ...options, plugins: [...options.plugins, OnnxPlugin()] })`,
  'tsconfig.json': JSON.stringify({
    extends: 'unplugin-onnx-mlir/tsconfig',
    compilerOptions: {
      module: 'nodenext',
      target: 'es2023',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      outDir: './dist',
      skipLibCheck: true,
    },
  }),
  'src/add.onnx': addModel(10),
  'src/main.ts': `
    import 'reflect-metadata'
    import { Controller, Get, Module } from '@nestjs/common'
    import { NestFactory } from '@nestjs/core'
    import model, { target } from './add.onnx'
    @Controller()
    class Sums {
      @Get('sum')
      async sum() {
        const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
        return [[...y.data], (target as string) === 'wasm']
      }
    }
    @Module({ controllers: [Sums] })
    class App {}
    void NestFactory.create(App).then((app) => app.listen(process.env.PORT!, '127.0.0.1'))`,
})

test.skipIf(!framework).each(['webpack', 'rspack'])('NestJS, %s: services run models natively', async (builder) => {
  const root = await projectElsewhere(framework!)
  await writeFiles(root, appFor(builder))
  // Nest type-checks while models are compiled.
  await runTool(root, resolve('dist/cli/main.js'), ['types'])
  await runTool(root, join(framework!, 'node_modules/@nestjs/cli/bin/nest.js'), ['build'])

  const moved = await moveElsewhere(join(root, 'dist'))
  await rm(root, { recursive: true })
  const files = (await filesBelow(moved)).filter((file) => /\.(so|node|onnx)$/.test(file))
  expect(files).toEqual([
    expect.stringMatching(/^assets\/add-\w{8}\.so$/),
    expect.stringMatching(/^assets\/onnx-mlir-\w{8}\.node$/),
  ])
  // Nest leaves packages where they are.
  await symlink(join(framework!, 'node_modules'), join(moved, 'node_modules'))
  const url = await serve(moved, ['main.js'], await newUser())
  expect(await (await fetch(`${url}/sum`)).json()).toEqual([[11, 12, 13], false])
})
