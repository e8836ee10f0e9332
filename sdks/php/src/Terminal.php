<?php

declare(strict_types=1);

namespace Plasm;

/** A line on a terminal that says how far it is, and is gone when something else is written. */
final class Terminal
{
    /** What is over sooner needs no line. */
    private const AFTER_SECONDS = 1.0;
    private const COLUMNS = 79;

    private bool $shown = false;

    /** @param resource $stream */
    private function __construct(private $stream)
    {
    }

    /** null where nobody looks: stdout is no terminal, or there is no stderr to write to. */
    public static function ofThisProgram(): ?self
    {
        $looked = PHP_SAPI === 'cli' && defined('STDOUT') && defined('STDERR') && stream_isatty(STDOUT) && stream_isatty(STDERR);
        return $looked ? new self(STDERR) : null;
    }

    public function show(Progress $progress): void
    {
        if ($progress->seconds >= self::AFTER_SECONDS) {
            // What a node says of itself must not move the cursor.
            $line = (string) preg_replace('/[^\x20-\x7e]/', '?', (string) $progress);
            fwrite($this->stream, "\r\e[K" . substr($line, 0, self::COLUMNS));
            $this->shown = true;
        }
    }

    public function clear(): void
    {
        if ($this->shown) {
            fwrite($this->stream, "\r\e[K");
            $this->shown = false;
        }
    }
}
