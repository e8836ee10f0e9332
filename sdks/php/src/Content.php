<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Exception\InvalidArgumentException;
use Plasm\Phase\Digest;

/** Bytes that are about to be sent, named by their digest: of a string, or of a file, which is never read into memory. */
final class Content
{
    /** Digests of files that were read before; a program sends the same few modules again and again. */
    private const KNOWN_MAX = 64;
    /** A file whose times are so close to the time at which it was read may have changed since without showing it. */
    private const SETTLED_SECONDS = 3;

    /** @var array<string, array{stat: list<int>, digest: string}> by path */
    private static array $known = [];

    private function __construct(
        public readonly string|\SplFileInfo $body,
        public readonly string $digest,
        public readonly int $size,
    ) {
    }

    public static function ofBytes(string $bytes): self
    {
        return new self($bytes, Digest::of($bytes), strlen($bytes));
    }

    /** @throws InvalidArgumentException where there is no such file */
    public static function ofFile(string|\SplFileInfo $file): self
    {
        $file = is_string($file) ? new \SplFileInfo($file) : $file;
        $path = $file->getPathname();
        clearstatcache(true, $path);
        if (str_contains($path, "\0") || !$file->isFile() || !$file->isReadable()) {
            $shown = substr($path, 0, 200);
            throw new InvalidArgumentException("Cannot read \"$shown\": there is no such file, or it may not be read");
        }
        return new self($file, self::digestOf($path), (int) $file->getSize());
    }

    /** Of what the file holds now: read again unless device, inode, size and both times say that it is what was read before. */
    private static function digestOf(string $path): string
    {
        $stat = stat($path) ?: [];
        $stat = array_map(static fn (string $name): int => $stat[$name] ?? 0, ['dev', 'ino', 'size', 'mtime', 'ctime']);
        $known = self::$known[$path] ?? null;
        if ($known !== null && $known['stat'] === $stat) {
            return $known['digest'];
        }
        $begun = time();
        $hash = hash_file('sha256', $path);
        if ($hash === false) {
            throw new InvalidArgumentException('Cannot read "' . substr($path, 0, 200) . '"');
        }
        if (max($stat[3], $stat[4]) + self::SETTLED_SECONDS < $begun) {
            self::$known = [$path => ['stat' => $stat, 'digest' => "sha256:$hash"]] + array_slice(self::$known, 0, self::KNOWN_MAX - 1, true);
        }
        return "sha256:$hash";
    }
}
