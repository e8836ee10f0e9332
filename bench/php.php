<?php

/* Measures the PHP SDK beside raw curl calls of the same requests, turn by turn, and one receipt's verification. Prints JSON; see php.ts. */

declare(strict_types=1);

require __DIR__ . '/../sdks/php/autoload.php';

const WARM = 20;
[, $url, $module, $runs, $verifications] = $argv;

$plasm = new Plasm\Client($url, progress: false);
$digest = 'sha256:' . hash_file('sha256', $module);
$jobId = $plasm->submit($module);
$plasm->result($jobId);
$handle = curl_init();
[$raw, $sdk] = [[], []];
for ($run = -WARM; $run < (int) $runs; $run++) {
    $rawMs = timed(static fn () => rawJob($handle, $url, $digest));
    $sdkMs = timed(static fn () => $plasm->result($plasm->submit($module, ['cpu' => 1, 'stdin' => 'Hello, World'])));
    if ($run >= 0) {
        [$raw[], $sdk[]] = [$rawMs, $sdkMs];
    }
}
$receipt = (string) $plasm->receipt($jobId);
$verify = [];
for ($run = -WARM; $run < (int) $verifications; $run++) {
    $ms = timed(static fn () => $plasm->verify($receipt));
    if ($run >= 0) {
        $verify[] = $ms;
    }
}
echo json_encode(['php' => PHP_VERSION, 'sodium' => SODIUM_LIBRARY_VERSION, 'rawMs' => $raw, 'sdkMs' => $sdk, 'verifyMs' => $verify]), "\n";

function timed(\Closure $call): float
{
    $begun = hrtime(true);
    $call();
    return (hrtime(true) - $begun) / 1e6;
}

/** The three requests that submit and result make of a module that the node has. */
function rawJob(\CurlHandle $handle, string $url, string $digest): string
{
    $manifest = ['module' => $digest, 'resources' => ['cpu' => 1], 'stdin' => ['text' => 'Hello, World'], 'nonce' => bin2hex(random_bytes(16))];
    $job = json_decode(request($handle, "$url/v1/jobs", ['content-type: application/json'], json_encode($manifest)), true);
    $output = request($handle, "$url/v1/jobs/$job[id]/output", ['prefer: wait=25']);
    $ended = json_decode(request($handle, "$url/v1/jobs/$job[id]", []), true);
    return $ended['state'] === 'succeeded' ? $output : throw new \RuntimeException("the job is $ended[state]");
}

/** @param list<string> $headers */
function request(\CurlHandle $handle, string $url, array $headers, ?string $body = null): string
{
    curl_reset($handle);
    $post = $body === null ? [] : [CURLOPT_POSTFIELDS => $body];
    curl_setopt_array($handle, [CURLOPT_URL => $url, CURLOPT_RETURNTRANSFER => true, CURLOPT_HTTPHEADER => $headers] + $post);
    $answer = curl_exec($handle);
    return is_string($answer) ? $answer : throw new \RuntimeException(curl_error($handle));
}
