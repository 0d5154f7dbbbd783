// What is no tensor, as WebAssembly: the same models and expectations as natively.
process.env['TEST_TARGET'] = 'wasm'
await import('../collections.test.ts')
