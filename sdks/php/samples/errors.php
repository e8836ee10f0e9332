<?php

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

// readme
use Plasm\Exception\ApiException;
use Plasm\Exception\BusyException;
use Plasm\Exception\JobFailedException;
use Plasm\Exception\PlasmException;
use Plasm\Exception\TimeoutException;

try {
    $plasm = new Plasm\Client();
    $jobId = $plasm->submit('hello.wasm', ['memory' => '64KiB']);
    echo $plasm->result($jobId, timeout: 60);
} catch (JobFailedException $error) {
    echo "the guest ended with {$error->reason?->value} $error->exitCode: $error->stderr\n";
} catch (TimeoutException) {
    echo "it goes on; wait for it later\n";
} catch (BusyException $error) {
    echo "come back in $error->retryAfter s\n";
} catch (ApiException $error) {
    echo "$error->errorCode at $error->pointer. $error->hint (request $error->requestId)\n";
} catch (PlasmException $error) {
    echo $error->getMessage(), "\n";
}
