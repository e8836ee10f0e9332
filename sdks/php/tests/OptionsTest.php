<?php

declare(strict_types=1);

namespace Plasm\Tests;

use PHPUnit\Framework\TestCase;
use Plasm\Content;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\PlasmException;
use Plasm\Generated\Model\Stdin;
use Plasm\Options;

final class OptionsTest extends TestCase
{
    private const MODULE = 'sha256:0000000000000000000000000000000000000000000000000000000000000000';

    /**
     * @param array<array-key, mixed> $options
     * @return array<string, mixed>
     */
    private static function manifest(array $options): array
    {
        $manifest = Options::read($options)->manifest(self::MODULE, new Stdin(text: ''));
        return json_decode((string) json_encode($manifest), true);
    }

    /** @return iterable<array{array<string, mixed>, array<string, mixed>}> */
    public static function understood(): iterable
    {
        yield [['cpu' => 2], ['resources' => ['cpu' => 2]]];
        yield [['cpu' => '2'], ['resources' => ['cpu' => 2]]];
        yield [['memory' => '64MiB'], ['resources' => ['memoryBytes' => 67_108_864]]];
        yield [['memory' => '64 mib'], ['resources' => ['memoryBytes' => 67_108_864]]];
        yield [['memory' => '64M'], ['resources' => ['memoryBytes' => 67_108_864]]];
        yield [['memory' => '1.5GiB'], ['resources' => ['memoryBytes' => 1_610_612_736]]];
        yield [['memory' => '1MB'], ['resources' => ['memoryBytes' => 1_048_576]]];
        yield [['memory' => 65_536], ['resources' => ['memoryBytes' => 65_536]]];
        yield [['memoryBytes' => 65_536], ['resources' => ['memoryBytes' => 65_536]]];
        yield [['memory_bytes' => 65_536], ['resources' => ['memoryBytes' => 65_536]]];
        yield [['output' => '1KiB'], ['resources' => ['outputBytes' => 1024]]];
        yield [['resources' => ['cpu' => 1, 'memory' => '1MiB']], ['resources' => ['cpu' => 1, 'memoryBytes' => 1_048_576]]];
        yield [['timeout' => 10], ['timeoutMs' => 10_000]];
        yield [['timeout' => 0.5], ['timeoutMs' => 500]];
        yield [['timeout' => '2m'], ['timeoutMs' => 120_000]];
        yield [['timeout' => '250ms'], ['timeoutMs' => 250]];
        yield [['timeoutMs' => 250], ['timeoutMs' => 250]];
        yield [['queue' => '1h'], ['queueMs' => 3_600_000]];
        yield [['args' => ['a', 1, 2.5]], ['args' => ['a', '1', '2.5']]];
        yield [['env' => ['A' => 1]], ['env' => ['A' => '1']]];
        yield [['capabilities' => ['random', 'clock', 'clock']], ['capabilities' => ['clock', 'random']]];
        yield [['capabilities' => 'clock'], ['capabilities' => ['clock']]];
        yield [['placement' => 'local'], ['placement' => 'local']];
        yield [
            ['placement' => 'did:key:z6Mkon3Necd6NkkyfoGoHxid2znGc59LU3K7mubaRcFbLfLX'],
            ['placement' => '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5'],
        ];
        yield [['nonce' => str_repeat('ab', 16)], ['nonce' => str_repeat('ab', 16)]];
        yield [['cpu' => null], []];
    }

    /**
     * @dataProvider understood
     * @param array<string, mixed> $options
     * @param array<string, mixed> $wanted
     */
    public function testWhatAPersonTypesIsUnderstood(array $options, array $wanted): void
    {
        $found = self::manifest($options);
        foreach ($wanted as $name => $value) {
            self::assertSame($value, $found[$name], $name);
        }
        self::assertMatchesRegularExpression('/^[0-9a-f]{32}$/', $found['nonce']);
    }

    /** @return iterable<array{array<array-key, mixed>, string}> */
    public static function refused(): iterable
    {
        yield [['cpus' => 1], 'Cannot read the options: "cpus" is not known. Did you mean "cpu"?'];
        yield [['memroy' => 1], 'Did you mean "memory"?'];
        yield [['cpu' => 1.5], 'Cannot read the option "cpu": a whole number was expected, not 1.5'];
        yield [['memory' => 'much'], 'Cannot read the option "memory": bytes, or an amount like "64MiB" was expected, not \'much\''];
        yield [['memory' => -1], 'Cannot read the option "memory"'];
        yield [['timeout' => 'soon'], 'Cannot read the option "timeout": seconds, or a time like "500ms" was expected'];
        yield [['timeout' => true], 'Cannot read the option "timeout"'];
        yield [['memory' => '1MiB', 'memoryBytes' => 5], '"memory" and "memoryBytes" are the same'];
        yield [['cpu' => 1, 'CPU' => 2], '"cpu" is given twice'];
        yield [['cpu' => 1, 'resources' => ['cpu' => 2]], '"cpu" is given twice'];
        yield [['args' => 'a b'], 'Cannot read the option "args": a list of strings was expected'];
        yield [['args' => ["\xff"]], 'Cannot read the option "args": UTF-8 text was expected'];
        yield [['env' => 'A=1'], 'Cannot read the option "env"'];
        yield [['placement' => 'did:key:z6MkNobody'], 'Cannot read the identity'];
        yield [['nonce' => []], 'Cannot read the option "nonce"'];
        yield [['x'], '"0" is not known'];
    }

    /**
     * @dataProvider refused
     * @param array<array-key, mixed> $options
     */
    public function testWhatCannotBeMeantIsRefusedBeforeAnythingIsSent(array $options, string $message): void
    {
        try {
            self::manifest($options);
        } catch (PlasmException $error) {
            self::assertStringContainsString($message, $error->getMessage());
            return;
        }
        self::fail('accepted');
    }

    public function testStdinComesInManyForms(): void
    {
        $input = static fn (mixed $stdin): Content|Stdin => Options::read(['stdin' => $stdin])->input();
        foreach (['abc', ['text' => 'abc'], ['base64' => 'YWJj']] as $stdin) {
            $content = $input($stdin);
            self::assertInstanceOf(Content::class, $content);
            self::assertSame('abc', $content->body);
        }
        $file = tempnam(sys_get_temp_dir(), 'plasm');
        self::assertIsString($file);
        file_put_contents($file, 'abc');
        foreach ([['file' => $file], new \SplFileInfo($file)] as $stdin) {
            $content = $input($stdin);
            self::assertInstanceOf(Content::class, $content);
            self::assertSame(['sha256:' . hash('sha256', 'abc'), 3], [$content->digest, $content->size]);
        }
        unlink($file);
        $blob = $input(['digest' => self::MODULE]);
        self::assertInstanceOf(Stdin::class, $blob);
        self::assertSame(self::MODULE, $blob->digest);
        $this->expectException(InvalidArgumentException::class);
        $input(['text' => 'a', 'base64' => 'YQ==']);
    }

    public function testAFileIsReadAgainUnlessItIsSureToBeTheSame(): void
    {
        $file = tempnam(sys_get_temp_dir(), 'plasm');
        self::assertIsString($file);
        foreach (['abc', 'abd', 'abe'] as $bytes) {
            file_put_contents($file, $bytes);
            touch($file, time() - 100);
            self::assertSame('sha256:' . hash('sha256', $bytes), Content::ofFile($file)->digest);
        }
        $settled = __FILE__;
        self::assertSame(Content::ofFile($settled)->digest, Content::ofFile($settled)->digest);
        $known = (new \ReflectionProperty(Content::class, 'known'))->getValue();
        self::assertArrayNotHasKey($file, $known, 'what was written a moment ago may be written again in the same second');
        if (filectime($settled) < time() - 10) {
            self::assertArrayHasKey($settled, $known);
        }
        unlink($file);
    }

    public function testTheSameIdempotencyKeyMakesTheSameRequest(): void
    {
        self::assertSame(self::manifest(['idempotencyKey' => 'a'])['nonce'], self::manifest(['idempotencyKey' => 'a'])['nonce']);
        self::assertNotSame(self::manifest(['idempotencyKey' => 'a'])['nonce'], self::manifest(['idempotencyKey' => 'b'])['nonce']);
        self::assertNotSame(self::manifest([])['nonce'], self::manifest([])['nonce']);
    }
}
