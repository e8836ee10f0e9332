<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** What a job asks for, with every default that a submitter fills in (phase/SPEC.md, Manifest; Task and seed). Plain arrays, as in JSON. */
final class Manifest
{
    private const DEFAULTS = [
        'profile' => 'phase-wasm32-v1', 'args' => [], 'env' => [], 'timeoutMs' => 30_000, 'queueMs' => 60_000, 'capabilities' => [],
        'placement' => 'any', 'replicas' => 1, 'quorum' => 1,
    ];
    private const RESOURCES = ['cpu' => 1, 'memoryBytes' => 67_108_864, 'fuel' => 1_000_000_000_000, 'outputBytes' => 8_388_608];

    /**
     * @param array<string, mixed> $manifest as it was sent; args and env may be given by their digests
     * @param array{digest: string, size: int} $stdin the bytes that it carries or names
     * @return array<string, mixed>
     */
    public static function complete(array $manifest, array $stdin): array
    {
        $manifest = ['stdin' => $stdin, 'resources' => ($manifest['resources'] ?? []) + self::RESOURCES] + $manifest + self::DEFAULTS;
        return $manifest + ['seed' => self::seed(self::taskDigest($manifest))];
    }

    /**
     * What is computed, whoever asks.
     *
     * @param array<string, mixed> $manifest a complete one
     */
    public static function task(array $manifest): JsonObject
    {
        $limits = array_intersect_key($manifest['resources'], ['memoryBytes' => 0, 'outputBytes' => 0, 'fuel' => 0]);
        return new JsonObject([
            'profile' => $manifest['profile'],
            'module' => $manifest['module'],
            'args' => is_array($manifest['args']) ? Digest::ofArgs($manifest['args']) : $manifest['args'],
            'env' => is_array($manifest['env']) ? Digest::ofEnv($manifest['env']) : $manifest['env'],
            'stdin' => new JsonObject($manifest['stdin']),
            'limits' => new JsonObject($limits),
            'capabilities' => $manifest['capabilities'],
        ]);
    }

    /** @param array<string, mixed> $manifest a complete one */
    public static function taskDigest(array $manifest): string
    {
        return Digest::ofCanonical(self::task($manifest));
    }

    /** The seed of a task for which none was given. */
    public static function seed(string $taskDigest): string
    {
        return hash('sha256', "phase-seed-v1\0" . hex2bin(substr($taskDigest, strlen('sha256:'))));
    }
}
