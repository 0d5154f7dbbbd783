import { describe, expect, it } from 'vitest'
import { dims } from '../../src/request/dims.ts'

describe('parse', () => {
  it('reads pairs of symbol and size', () => {
    expect(dims.parse('batch_1,seq_128')).toEqual({ batch: 1, seq: 128 })
  })

  it('takes the last _ as the separator', () => {
    expect(dims.parse('rank=28=x=29=_0,n_1')).toEqual({ 'rank(x)': 0, n: 1 })
    expect(dims.parse('past_sequence_length_16,dim_0_4')).toEqual({ past_sequence_length: 16, dim_0: 4 })
  })

  it.each([
    'batch',
    'batch_',
    '_1',
    'batch_0',
    'batch_-1',
    'batch_x',
    'batch_1,',
    ',batch_1',
    'batch_99999999999999999',
  ])('refuses "%s"', (text) => {
    expect(() => dims.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_DIRECTIVE' }))
  })

  it('refuses a symbol twice, even with the same size and spelled differently', () => {
    expect(() => dims.parse('batch_1,batch_1')).toThrow('names "batch" twice')
    expect(() => dims.parse('a=2e=b_1,c_2,a=2e=b_3')).toThrow('names "a.b" twice')
  })

  it('refuses an escape beyond Unicode', () => {
    expect(() => dims.parse('a=110000=_1')).toThrow(expect.objectContaining({ code: 'USAGE_DIRECTIVE' }))
  })

  it('takes names of object internals as any other', () => {
    expect(Object.entries(dims.parse('__proto___2'))).toEqual([['__proto__', 2]])
  })
})

describe('format', () => {
  it('does not depend on order', () => {
    expect(dims.format({ seq: 128, batch: 1 })).toBe('batch_1,seq_128')
    expect(dims.format({})).toBe('')
  })

  it.each(['batch size', 'N.1', 'Größe', 'x=y', 'a,b', '🙂', '=2e=', 'seq-len', 'unk__12'])(
    'carries the symbol "%s" within the grammar, and reads it back',
    (symbol) => {
      const text = dims.format({ [symbol]: 7 })
      expect(text).toMatch(/^[A-Za-z0-9_,=-]+$/)
      expect(dims.parse(text)).toEqual({ [symbol]: 7 })
    },
  )
})

it('merges symbol by symbol, the specifier over the options', () => {
  expect(dims.merge?.({ batch: 1, seq: 64 }, { seq: 128 })).toEqual({ batch: 1, seq: 128 })
})
