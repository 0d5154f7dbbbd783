import { describe, expect, it } from 'vitest'
import { type Case, i64, runCase, runCases, t } from './harness.ts'

describe('texts', () => {
  it('leaves stop words out and changes the case of more alphabets than one', async () => {
    const words = t('string', ['Montag', 'ÄRGER', 'Ωμέγα', 'мир', 'Łódź'])
    const [lower, upper, none] = await runCases([
      { op: 'StringNormalizer', inputs: [words], attributes: { case_change_action: 'LOWER', stopwords: ['MONTAG'] } },
      {
        op: 'StringNormalizer',
        inputs: [words],
        attributes: { case_change_action: 'UPPER', is_case_sensitive: 1n },
        dynamic: true,
      },
      { op: 'StringNormalizer', inputs: [t('string', ['a', 'A'])], attributes: { stopwords: ['A'] } },
    ])
    expect(lower![0]!.values).toEqual(['ärger', 'ωμέγα', 'мир', 'łódź'])
    expect(upper![0]!.values.slice(0, 2)).toEqual(['MONTAG', 'ÄRGER'])
    expect(upper![0]!.values.slice(3)).toEqual(['МИР', 'ŁÓDŹ'])
    expect(none![0]).toMatchObject({ dims: [1], values: [''] })
  })

  it('joins with broadcasting between sizes that only the run knows', async () => {
    const [joined] = await runCases([
      { op: 'StringConcat', inputs: [t('string', ['a', 'b'], [2, 1]), t('string', ['x', ''], [1, 2])], dynamic: true },
    ])
    expect(joined![0]).toMatchObject({ dims: [2, 2], values: ['ax', 'a', 'bx', 'b'] })
  })

  it('joins with broadcasting, and splits at delimiters or white space', async () => {
    const [joined, spaces, most, dots] = await runCases([
      { op: 'StringConcat', inputs: [t('string', ['a', 'b'], [2, 1]), t('string', ['x', ''], [2])] },
      { op: 'StringSplit', inputs: [t('string', [' one  two ', ''])], outputs: 2 },
      { op: 'StringSplit', inputs: [t('string', ['a b c '])], attributes: { maxsplit: 1n }, outputs: 2 },
      {
        op: 'StringSplit',
        inputs: [t('string', ['.a', 'a..b'])],
        attributes: { delimiter: '.' },
        outputs: 2,
        dynamic: true,
      },
    ])
    expect(joined![0]).toMatchObject({ dims: [2, 2], values: ['ax', 'a', 'bx', 'b'] })
    expect(spaces!.map(({ values }) => values)).toEqual([
      ['one', 'two', '', ''],
      [2n, 0n],
    ])
    expect(most![0]!.values).toEqual(['a', 'b c '])
    expect(dots!.map(({ values }) => values)).toEqual([
      ['', 'a', '', 'a', '', 'b'],
      [2n, 3n],
    ])
  })

  it('counts grams of texts and numbers, with weights', async () => {
    const pool = { ngram_counts: [0n, 2n], ngram_indexes: [2n, 0n, 1n], min_gram_length: 1n, max_gram_length: 2n }
    const count = (mode: string, skips: bigint): Case => ({
      op: 'TfIdfVectorizer',
      inputs: [t('string', ['a', 'b', 'a', 'c', 'b'])],
      attributes: { ...pool, mode, max_skip_count: skips, pool_strings: ['a', 'b', 'a', 'b'], weights: [2, 3, 10] },
    })
    const results = await runCases([
      count('TF', 0n),
      count('TF', 1n),
      count('IDF', 0n),
      count('TFIDF', 1n),
      {
        op: 'TfIdfVectorizer',
        inputs: [i64([7, 7, 8], [1, 3])],
        attributes: { ...pool, mode: 'TF', max_skip_count: 0n, pool_int64s: [7n, 8n, 7n, 8n] },
      },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [2, 1, 2],
      [2, 2, 2],
      [3, 10, 2],
      [6, 20, 4],
      [1, 1, 2],
    ])
  })

  it('matches whole texts as JavaScript does, pattern by pattern', async () => {
    const patterns = [
      'a*b+c?',
      '(ab|a)(bc|c)',
      '[^a-c\\d]{2,3}',
      '\\bword\\b.*',
      'x|',
      '(a*)*b',
      '.',
      '^a$',
      '[]a-]+',
      '\\w+@\\w+\\.(com|org)',
      'ä+',
      '(?:a{2}){1,2}',
      'a\\Bb',
    ]
    const texts = [
      '',
      'b',
      'aabbc',
      'abc',
      'xyz',
      'x',
      '12',
      'word',
      'word!',
      'words',
      'aaab',
      'a',
      'ä',
      'ää',
      ']-a',
      'me@example.com',
      'me@example,com',
      'aaaa',
      'aaa',
      'ab',
      '\n',
      '日',
    ]
    const results = await runCases(
      patterns.map((pattern) => ({ op: 'RegexFullMatch', inputs: [t('string', texts)], attributes: { pattern } })),
    )
    patterns.forEach((pattern, i) => {
      // JavaScript reads `[]` as an empty set, RE2 as one that begins with a bracket.
      const same = new RegExp(`^(?:${pattern.replace('[]', '[\\]')})$`, 'u')
      expect(results[i]![0]!.values.map(Boolean), pattern).toEqual(texts.map((text) => same.test(text)))
    })
  })

  it('refuses patterns that are broken or need more than is supported', async () => {
    for (const pattern of [
      '(a',
      'a)',
      '*',
      '[a',
      'a{2,1}',
      '(?i)a',
      '\\pL',
      'a{1001}',
      '((a{1000}){1000})',
      '[[:valueOf:]]',
      '[[:word x:]]',
    ]) {
      const one: Case = { op: 'RegexFullMatch', inputs: [t('string', ['a'])], attributes: { pattern } }
      await expect(runCase(one), pattern).rejects.toThrow(/can't be compiled/)
    }
  })

  it('refuses numbers where texts are needed, and attributes that do not fit together', async () => {
    await expect(runCase({ op: 'StringConcat', inputs: [i64([1]), i64([2])] })).rejects.toThrow(
      /should be of type string, but is int64/,
    )
    const broken: Case = {
      op: 'TfIdfVectorizer',
      inputs: [i64([1])],
      attributes: {
        mode: 'TF',
        max_skip_count: 0n,
        min_gram_length: 1n,
        max_gram_length: 1n,
        ngram_counts: [0n],
        ngram_indexes: [0n],
        pool_int64s: [1n, 2n],
      },
    }
    await expect(runCase(broken)).rejects.toThrow(/do not fit together/)
  })
})
