<?php

declare(strict_types=1);

namespace Plasm\Http;

use Plasm\Exception\ApiException;
use Plasm\Exception\InvalidArgumentException;
use Plasm\Exception\TimeoutException;
use Plasm\Exception\TransportException;

/** One request on one curl handle: how it is put, and what its answer means. */
final class CurlCall
{
    public readonly CurlExchange $exchange;
    /** @var resource|null the open file that is being sent */
    private $file = null;

    /** @param string $url of the node's API, no slash at its end */
    public function __construct(private readonly Request $request, private readonly string $url)
    {
        $options = $request->options();
        $this->exchange = new CurlExchange($options->sink, $options->progress, $request->accept === 'application/json');
    }

    public function __destruct()
    {
        if ($this->file !== null) {
            fclose($this->file);
        }
    }

    /** @param array<string, string> $more headers by lower-case name */
    public function prepare(\CurlHandle $handle, array $more): void
    {
        $body = $this->request->body();
        // An empty "expect" keeps curl from waiting a second before it sends a large body.
        $headers = $more + $this->request->headers() + ['expect' => '']
            + ($body === null && $this->request->method !== 'GET' ? ['content-length' => '0'] : []);
        $exchange = $this->exchange;
        curl_setopt_array($handle, [
            CURLOPT_URL => $this->url . $this->request->target(),
            CURLOPT_CUSTOMREQUEST => $this->request->method,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PATH_AS_IS => true,
            CURLOPT_NOSIGNAL => true,
            // On a connection that it has used before, curl sends by itself again what seems not to have arrived.
            CURLOPT_FRESH_CONNECT => !$this->request->isRepeatable(),
            CURLOPT_NOPROXY => 'localhost,127.0.0.1,::1,' . (getenv('no_proxy') ?: getenv('NO_PROXY') ?: ''),
            CURLOPT_HTTPHEADER => array_map(
                static fn (string $name, string $value): string => $value === '' ? "$name:" : "$name: $value",
                array_keys($headers),
                $headers,
            ),
            CURLOPT_HEADERFUNCTION => static fn (\CurlHandle $_, string $line): int => $exchange->header($line),
            CURLOPT_WRITEFUNCTION => static fn (\CurlHandle $_, string $bytes): int => $exchange->body($bytes),
            CURLOPT_NOPROGRESS => $this->request->options()->progress === null,
            CURLOPT_PROGRESSFUNCTION =>
                static fn (\CurlHandle $_, int $toGet, int $got, int $toSend, int $sent): int => $exchange->progress($toSend, $sent),
        ]);
        if ($body instanceof \SplFileInfo) {
            $this->file = self::open($body);
            $size = (int) (fstat($this->file)['size'] ?? 0);
            curl_setopt_array($handle, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $this->file, CURLOPT_INFILESIZE => $size]);
        } elseif ($body instanceof InputStream) {
            $read = static fn (\CurlHandle $_, mixed $file, int $length): string => $exchange->input($body, $length);
            // Of unknown size: in chunks. The progress function is how a failed read ends the call, so that no half is taken for the whole.
            curl_setopt_array($handle, [CURLOPT_UPLOAD => true, CURLOPT_READFUNCTION => $read, CURLOPT_NOPROGRESS => false]);
        } elseif ($body !== null) {
            curl_setopt($handle, CURLOPT_POSTFIELDS, $body);
        }
    }

    /** @throws ApiException where it is not a good one */
    public function answer(): Response
    {
        $response = $this->exchange->response();
        return $this->exchange->isGood()
            ? $response
            : throw ApiException::of($response, "Cannot {$this->request->method} {$this->request->target()}");
    }

    public function failure(int $number, string $text): TransportException
    {
        $what = "Cannot {$this->request->method} $this->url{$this->request->target()}: $text";
        return match ($number) {
            CURLE_OPERATION_TIMEDOUT => new TimeoutException($what, $number),
            CURLE_COULDNT_CONNECT => new TransportException("$what. Is a node running there? `plasm serve` starts one.", $number),
            default => new TransportException($what, $number),
        };
    }

    /** @return resource */
    private static function open(\SplFileInfo $body)
    {
        $file = $body->isFile() ? @fopen($body->getPathname(), 'rb') : false;
        return $file !== false
            ? $file
            : throw new InvalidArgumentException("Cannot read the file \"{$body->getPathname()}\"");
    }
}
