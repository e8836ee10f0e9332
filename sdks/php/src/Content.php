<?php

declare(strict_types=1);

namespace Plasm;

use Plasm\Exception\InvalidArgumentException;
use Plasm\Phase\Digest;

/** Bytes that are about to be sent, named by their digest: of a string, or of a file, which is never read into memory. */
final class Content
{
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
        $shown = substr($path, 0, 200);
        if (str_contains($path, "\0") || !$file->isFile() || !$file->isReadable()) {
            throw new InvalidArgumentException("Cannot read \"$shown\": there is no such file, or it may not be read");
        }
        $hash = hash_file('sha256', $path);
        return $hash !== false
            ? new self($file, "sha256:$hash", (int) $file->getSize())
            : throw new InvalidArgumentException("Cannot read \"$shown\"");
    }
}
