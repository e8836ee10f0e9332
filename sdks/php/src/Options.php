<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Exception\InvalidArgumentException;
use Plasm\Generated\Model\JobManifest;
use Plasm\Generated\Model\Peer;
use Plasm\Generated\Model\Resources;
use Plasm\Generated\Model\Stdin;
use Plasm\Http\InputStream;
use Plasm\Phase\Identity;

/**
 * The options of a job as a person types them: flat, `memory` as "64MiB", `timeout` in seconds. What they mean is phase/SPEC.md, Manifest.
 */
final class Options
{
    private const NAMES = [
        'cpu', 'memory', 'memoryBytes', 'fuel', 'output', 'outputBytes', 'timeout', 'timeoutMs', 'queue', 'queueMs', 'stdin', 'args',
        'env', 'capabilities', 'seed', 'nonce', 'placement', 'replicas', 'quorum', 'profile', 'resources', 'idempotencyKey',
    ];
    private const UNITS = [
        '' => 1, 'b' => 1, 'k' => 1024, 'm' => 1024 ** 2, 'g' => 1024 ** 3, 'kib' => 1024, 'mib' => 1024 ** 2, 'gib' => 1024 ** 3,
        'kb' => 1000, 'mb' => 1000 ** 2, 'gb' => 1000 ** 3,
    ];
    private const DURATIONS = ['' => 1000, 'ms' => 1, 's' => 1000, 'm' => 60_000, 'h' => 3_600_000];
    /** What is longer is uploaded as a blob. */
    public const STDIN_INLINE_BYTES_MAX = 262_144;
    private const PAGE_BYTES = 65_536;

    /** @param array<string, mixed> $given by their names as in NAMES */
    private function __construct(private readonly array $given)
    {
    }

    /**
     * @param array<array-key, mixed> $options
     * @throws InvalidArgumentException naming the nearest known option for one that is not known
     */
    public static function read(array $options): self
    {
        $given = [];
        foreach ($options as $name => $value) {
            $known = self::known((string) $name);
            if ($known === 'resources' && is_array($value)) {
                $value = self::read($value)->given;
            } else {
                $value = [$known => $value];
            }
            foreach ($value as $inner => $one) {
                if (array_key_exists($inner, $given)) {
                    throw new InvalidArgumentException("Cannot read the options: \"$inner\" is given twice");
                }
                $given[$inner] = $one;
            }
        }
        return new self(array_filter($given, static fn (mixed $value): bool => $value !== null));
    }

    /** What the guest reads from stdin: bytes that are here, an open stream, or the digest of an uploaded blob. */
    public function input(): Content|InputStream|Stdin
    {
        $stdin = $this->given['stdin'] ?? '';
        [$kind, $value] = is_array($stdin) && count($stdin) === 1 ? [array_key_first($stdin), reset($stdin)] : ['', $stdin];
        $isText = is_string($value);
        return match (true) {
            $value instanceof \SplFileInfo => Content::ofFile($value),
            $value instanceof Stdin && $value->digest !== null => $value,
            is_resource($value) && $kind === '' => new InputStream($value),
            $isText && ($kind === '' || $kind === 'text') => Content::ofBytes($value),
            $isText && $kind === 'base64' => Content::ofBytes(Phase\Base64::decode($value)),
            $isText && $kind === 'file' => Content::ofFile($value),
            $isText && $kind === 'digest' => new Stdin(digest: $value),
            default => throw self::wrong('stdin', 'a string, an SplFileInfo, an open stream, or one of text, base64, digest, file', $stdin),
        };
    }

    /** @return list<string> */
    private function args(): array
    {
        $args = $this->given['args'] ?? [];
        if (!is_array($args) || !array_is_list($args)) {
            throw self::wrong('args', 'a list of strings', $args);
        }
        return array_map(static fn (mixed $arg): string => self::text('args', $arg), $args);
    }

    /** @return array<array-key, string> */
    private function env(): array
    {
        $env = $this->given['env'] ?? [];
        if (!is_array($env)) {
            throw self::wrong('env', 'strings by name', $env);
        }
        return array_map(static fn (mixed $value): string => self::text('env', $value), $env);
    }

    public function idempotencyKey(): ?string
    {
        return $this->optionalText('idempotencyKey');
    }

    /** The client's own; from the idempotency key where one is given, so that the same call again is the same request; else random. */
    private function nonce(): string
    {
        $key = $this->idempotencyKey();
        $derived = $key === null ? bin2hex(random_bytes(16)) : substr(hash('sha256', "plasm-nonce\0$key"), 0, 32);
        return $this->optionalText('nonce') ?? $derived;
    }

    public function manifest(string $module, Stdin $stdin): JobManifest
    {
        $resources = new Resources(
            cpu: $this->integer('cpu'),
            memoryBytes: $this->memoryBytes(),
            fuel: $this->integer('fuel'),
            outputBytes: $this->amount('output', 'outputBytes', self::UNITS),
        );
        return new JobManifest(
            module: $module,
            profile: $this->optionalText('profile'),
            args: $this->args(),
            env: $this->env(),
            stdin: $stdin,
            resources: $resources,
            timeoutMs: $this->amount('timeout', 'timeoutMs', self::DURATIONS),
            queueMs: $this->amount('queue', 'queueMs', self::DURATIONS),
            capabilities: $this->capabilities(),
            seed: $this->optionalText('seed'),
            nonce: $this->nonce(),
            placement: $this->placement(),
            replicas: $this->integer('replicas'),
            quorum: $this->integer('quorum'),
        );
    }

    private static function known(string $name): string
    {
        $plain = static fn (string $text): string => strtolower(strtr($text, ['_' => '', '-' => '']));
        $nearest = '';
        foreach (self::NAMES as $known) {
            if ($plain($known) === $plain($name)) {
                return $known;
            }
            $closer = $nearest === '' || levenshtein($plain($name), $plain($known)) < levenshtein($plain($name), $plain($nearest));
            $nearest = $closer ? $known : $nearest;
        }
        throw new InvalidArgumentException("Cannot read the options: \"$name\" is not known. Did you mean \"$nearest\"?");
    }

    private function memoryBytes(): ?int
    {
        $bytes = $this->amount('memory', 'memoryBytes', self::UNITS);
        // Memory comes in pages; "64MB" means at least that much.
        return $bytes === null || isset($this->given['memoryBytes']) ? $bytes : (int) ceil($bytes / self::PAGE_BYTES) * self::PAGE_BYTES;
    }

    /** @return list<string>|null */
    private function capabilities(): ?array
    {
        $names = (array) ($this->given['capabilities'] ?? []);
        $names = array_unique(array_map(static fn (mixed $name): string => self::text('capabilities', $name), $names));
        sort($names, SORT_STRING);
        return $names === [] ? null : $names;
    }

    private function placement(): ?string
    {
        $placement = $this->given['placement'] ?? null;
        if ($placement instanceof Peer) {
            return $placement->peerId;
        }
        $placement = $this->optionalText('placement');
        return $placement !== null && str_starts_with($placement, 'did:')
            ? Identity::peerId(Identity::publicKeyOfDid($placement))
            : $placement;
    }

    /** @param array<string, int> $units the first is that of a bare number for `$name`; `$exact` is always in the smallest */
    private function amount(string $name, string $exact, array $units): ?int
    {
        if (isset($this->given[$exact])) {
            return isset($this->given[$name])
                ? throw new InvalidArgumentException("Cannot read the options: \"$name\" and \"$exact\" are the same")
                : $this->integer($exact);
        }
        $value = $this->given[$name] ?? null;
        if ($value === null) {
            return null;
        }
        $pattern = '/^\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]*)\s*$/iD';
        $found = [];
        if ((is_string($value) || is_int($value) || is_float($value)) && preg_match($pattern, (string) $value, $found) === 1) {
            $unit = $units[strtolower($found[2])] ?? null;
            if ($unit !== null) {
                return (int) round((float) $found[1] * $unit);
            }
        }
        throw self::wrong($name, $units === self::UNITS ? 'bytes, or an amount like "64MiB"' : 'seconds, or a time like "500ms"', $value);
    }

    private function integer(string $name): ?int
    {
        $value = $this->given[$name] ?? null;
        $whole = is_int($value) || (is_string($value) && preg_match('/^\d{1,15}$/D', $value) === 1)
            || (is_float($value) && floor($value) === $value && abs($value) < 1e15);
        return match (true) {
            $value === null => null,
            $whole => (int) $value,
            default => throw self::wrong($name, 'a whole number', $value),
        };
    }

    private function optionalText(string $name): ?string
    {
        return isset($this->given[$name]) ? self::text($name, $this->given[$name]) : null;
    }

    private static function text(string $name, mixed $value): string
    {
        $text = is_int($value) || is_float($value) || $value instanceof \Stringable ? (string) $value : $value;
        return is_string($text) && preg_match('//u', $text) === 1 ? $text : throw self::wrong($name, 'UTF-8 text', $value);
    }

    private static function wrong(string $name, string $expected, mixed $got): InvalidArgumentException
    {
        $shown = is_scalar($got) ? var_export($got, true) : get_debug_type($got);
        return new InvalidArgumentException("Cannot read the option \"$name\": $expected was expected, not " . substr($shown, 0, 80));
    }
}
