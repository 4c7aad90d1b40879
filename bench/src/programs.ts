/** A program of Debian's, as it comes, with work for it. */
export interface Program {
  readonly name: string
  readonly what: string
  /** The packages it needs. */
  readonly packages: readonly string[]
  /** What the guest's shell runs. */
  readonly script: string
  /**
   * For programs that run for a set time and say how fast they were: picks the figures out of what they printed, by
   * name, more is faster. Without it, the time is what counts, and what is printed must be the same on all.
   */
  readonly rates?: (output: string) => Readonly<Record<string, number>>
}

/** The programs printed something else than was expected. */
export class OutputError extends Error {
  readonly code = 'ERR_BENCH_OUTPUT'
}

const numbers = (name: string, output: string, pattern: RegExp): readonly number[] => {
  const found = pattern.exec(output)?.slice(1).map(Number)
  if (found === undefined || found.some((value) => !(value > 0))) throw new OutputError(`${name}: expected ${String(pattern)} in its output, got:\n${output}`)
  return found
}

/** `7z b`: its rating of packing and unpacking, in MIPS of its own making. */
export const sevenZipRates = (output: string): Readonly<Record<string, number>> => {
  const [packing, unpacking] = numbers('7z b', output, /^Avr:(?:\s+\d+){3}\s+(\d+)\s*\|(?:\s*\d+){3}\s+(\d+)/m)
  return { packing: packing!, unpacking: unpacking! }
}

/** `openssl speed -mr`: bytes a second in the largest blocks, private and public RSA operations a second. */
export const opensslRates = (output: string): Readonly<Record<string, number>> => {
  const last = (name: string): number => numbers('openssl speed', output, new RegExp(String.raw`^\+F:\d+:${name}:.*?([\d.]+)$`, 'm'))[0]!
  const [sign, verify] = numbers('openssl speed', output, /^\+F2:\d+:2048:([\d.]+):([\d.]+)/m)
  return { sha256: last('sha256'), aes: last('aes-128-cbc'), sign: sign!, verify: verify! }
}

/** `zstd -b`: MB a second, of packing and unpacking. */
export const zstdRates = (output: string): Readonly<Record<string, number>> => {
  // Lines are overwritten as it gets on; the last is the result.
  const line = output.split(/[\r\n]/).findLast((text) => /MB\/s.*MB\/s/.test(text)) ?? output
  const [packing, unpacking] = numbers('zstd -b', line, /([\d.]+) MB\/s[^\d]+([\d.]+) MB\/s/)
  return { packing: packing!, unpacking: unpacking! }
}

/** The text that programs work on is here. */
export const dataPath = '/programs/text'

const python = `import json, re
words = open('${dataPath}').read().split()
counts = {}
for word in words:
    counts[word] = counts.get(word, 0) + 1
records = [{'word': word, 'count': counts[word], 'parts': re.findall('[aeiou]+|[^aeiou]+', word)} for word in sorted(counts)]
for _ in range(3):
    records = json.loads(json.dumps(records))
records.sort(key=lambda record: (-record['count'], record['word']))
pattern = re.compile(r'(\\w+) \\1\\b')
print(len(records), [record['word'] for record in records[:5]], len(pattern.findall(' '.join(words))))
`

const perl = `my %count; my $doubled = 0;
open(my $file, '<', '${dataPath}') or die;
while (my $line = <$file>) {
  $doubled++ while $line =~ /\\b(\\w+) \\1\\b/g;
  $count{$_}++ for split ' ', $line;
}
my @words = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $sum = 0;
for my $word (@words) { $sum = ($sum * 31 + $count{$word} * length $word) % 1000003; }
print scalar(@words), " @words[0..4] $doubled $sum\\n";
`

const sql = `create table numbers (id integer primary key, value integer, name text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
insert into numbers select i, i * 7919 % 10007, printf('name %d', i * 31 % 1009) from n;
create index by_name on numbers (name);
select count(*), sum(value) from numbers where value % 3 = 0;
select a.name, count(*) from numbers a join numbers b on a.name = b.name and b.value < 1000 group by a.name order by 2 desc, 1 limit 3;
`

const heredoc = (command: string, text: string): string => `${command} <<'END'\n${text}END\n`

export const programs: readonly Program[] = [
  { name: 'sha256sum', what: 'busybox, 16 MB', packages: ['busybox-static'], script: `cat ${Array.from({ length: 8 }, () => dataPath).join(' ')} | busybox sha256sum\n` },
  { name: 'shell', what: 'busybox sh, 100,000 additions', packages: ['busybox-static'], script: 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo $i\n' },
  { name: 'python', what: 'json, re, sort', packages: ['python3'], script: heredoc('PYTHONHASHSEED=0 python3 -', python) },
  { name: 'perl', what: 'hashes, regular expressions, sort', packages: ['perl-base'], script: heredoc('perl -', perl) },
  { name: 'sqlite', what: 'inserts, an index, a join, in memory', packages: ['sqlite3'], script: heredoc('sqlite3 :memory:', sql) },
  { name: '7zip', what: '7z b', packages: ['7zip'], script: '7z b 1 -mmt1 -md18 -mtime=1\n', rates: sevenZipRates },
  { name: 'openssl', what: 'openssl speed', packages: ['openssl'], script: 'openssl speed -mr -seconds 1 -bytes 8192 sha256 aes-128-cbc rsa2048 2>/dev/null\n', rates: opensslRates },
  { name: 'zstd', what: 'zstd -b3', packages: ['zstd'], script: `zstd -b3 -i1 ${dataPath} 2>&1\n`, rates: zstdRates },
]

/** Text of about `bytes` bytes that is the same everywhere: words of a vocabulary, frequent ones more often. */
export const programText = (bytes: number): string => {
  const syllables = ['ka', 'lo', 'mi', 'ren', 'tu', 'sa', 'vel', 'no', 'dri', 'qua', 'pe', 'ost', 'ul', 'bar', 'ix', 'hem']
  let state = 1
  // Lehmer's generator with Park and Miller's multiplier; products stay below 2^53.
  const next = (below: number): number => {
    state = (state * 48271) % 0x7fff_ffff
    return state % below
  }
  const vocabulary = Array.from({ length: 5000 }, () => Array.from({ length: 1 + next(4) }, () => syllables[next(16)]).join(''))
  const lines: string[] = []
  for (let length = 0; length < bytes;) {
    const line = Array.from({ length: 8 + next(8) }, () => vocabulary[Math.min(next(5000), next(5000))]).join(' ')
    lines.push(line)
    length += line.length + 1
  }
  return `${lines.join('\n')}\n`
}
