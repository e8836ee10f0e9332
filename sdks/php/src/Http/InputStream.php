<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\InvalidArgumentException;

/** What an open stream gives: read once, from where it stands, hashed on the way, never all of it in memory. It is not closed. */
final class InputStream
{
    /** The most that a node keeps as one blob. */
    private const BYTES_MAX = 1_073_741_824;
    /** A stream that gives nothing for so long is dead. */
    private const SILENCE_SECONDS = 60.0;
    private const PAUSE_MICROSECONDS = 1_000;

    private readonly \HashContext $hash;
    private string $ahead = '';
    private int $size = 0;

    /** @param resource $stream */
    public function __construct(private $stream)
    {
        if (!is_resource($stream) || get_resource_type($stream) !== 'stream') {
            throw new InvalidArgumentException('Cannot read from ' . get_debug_type($stream) . ': an open stream was expected');
        }
        $this->hash = hash_init('sha256');
    }

    /** Whether it ends before it has given more than `$most` bytes: then `$bytes` are all of them; else they come again with `read`. */
    public function isShort(int $most, string &$bytes): bool
    {
        while (strlen($this->ahead) <= $most && ($more = $this->take(65_536)) !== '') {
            $this->ahead .= $more;
        }
        $bytes = $this->ahead;
        return strlen($bytes) <= $most;
    }

    /** The next bytes, at most `$length`; none at the end. */
    public function read(int $length): string
    {
        $bytes = $this->ahead === '' ? $this->take($length) : substr($this->ahead, 0, $length);
        $this->ahead = substr($this->ahead, strlen($bytes));
        $this->size += strlen($bytes);
        if ($this->size > self::BYTES_MAX) {
            throw new InvalidArgumentException('Cannot send the stream: it gives more than ' . self::BYTES_MAX . ' bytes');
        }
        hash_update($this->hash, $bytes);
        return $bytes;
    }

    /** Of what was read. */
    public function digest(): string
    {
        return 'sha256:' . hash_final(hash_copy($this->hash));
    }

    /** How many bytes were read. */
    public function size(): int
    {
        return $this->size;
    }

    private function take(int $length): string
    {
        $deadline = microtime(true) + self::SILENCE_SECONDS;
        do {
            $bytes = is_resource($this->stream) ? @fread($this->stream, max(1, $length)) : false;
            if ($bytes === false) {
                throw new InvalidArgumentException('Cannot read the stream: it was closed, or is not open for reading');
            }
            if ($bytes !== '' || feof($this->stream)) {
                return $bytes;
            }
            // It does not block, and has nothing yet.
            usleep(self::PAUSE_MICROSECONDS);
        } while (microtime(true) < $deadline);
        throw new InvalidArgumentException('Cannot read the stream: it gave nothing for ' . self::SILENCE_SECONDS . ' s');
    }
}
