import { describe, expect, test } from 'vitest'
import { importCase, runCase, t } from '../harness.ts'
import { type Compared, describeAgainst } from './against.ts'

const texts = ['the quick, brown fox.', 'it is  1 naïve café', '', 'a', '...', 'x-ray,y,,z']
const tokenizer = (label: string, attributes: Compared['attributes'], inputs = [t('string', texts)]): Compared => ({
  label,
  op: 'Tokenizer',
  domain: 'com.microsoft',
  inputs,
  attributes: { mark: 0n, mincharnum: 1n, pad_value: '#', ...attributes },
})

describeAgainst('Tokenizer', [
  tokenizer('words', { tokenexp: '[a-zA-Z0-9_]+' }),
  tokenizer('words of two letters', { tokenexp: '[a-zA-Z0-9_]+', mincharnum: 2n }),
  tokenizer('words between marks', { tokenexp: '[a-zA-Z0-9_]+', mark: 1n }),
  tokenizer('alternatives, of which the longest counts', { tokenexp: 'fo|fox|ca|café' }),
  tokenizer('words at their borders', { tokenexp: '\\b\\w\\w+\\b' }),
  tokenizer('spaces between', { separators: [' '] }),
  tokenizer('several separators', { separators: [' ', ',', '\\.'] }),
  tokenizer('a separator that is a pattern', { separators: ['[ ,.]+'], mark: 1n }),
  tokenizer('separators, and longer tokens only', { separators: [' ', ','], mincharnum: 3n }),
  tokenizer('letters', { separators: [''] }),
  tokenizer('letters between marks', { separators: [''], mark: 1n }),
  tokenizer('two axes', { tokenexp: '\\w+' }, [t('string', texts, [3, 2])]),
  tokenizer('nothing', { tokenexp: 'Q+', mark: 1n }),
])

describe('Tokenizer', () => {
  test('gives what can be told by hand', async () => {
    const [tokens] = await runCase(tokenizer('', { tokenexp: '[a-z]+', mark: 1n }, [t('string', ['ab c1d', 'é'])]))
    expect(tokens!.dims).toEqual([2, 5])
    expect(tokens!.values).toEqual(['\u0002', 'ab', 'c', 'd', '\u0003', '\u0002', '\u0003', '#', '#', '#'])
  })

  test.each([
    ['no pattern', {}, 'either tokenexp or separators'],
    ['two kinds of patterns', { tokenexp: 'a', separators: ['b'] }, 'either tokenexp or separators'],
    ['a pattern that is none', { tokenexp: '(' }, "can't be compiled"],
    ['too many separators', { separators: Array.from({ length: 65 }, (_, i) => `s${i}`) }, 'more than 64'],
  ])('refuses %s', (_what, attributes, message) => {
    expect(() => importCase(tokenizer('', attributes))).toThrow(message)
  })
})
