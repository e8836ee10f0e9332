<?php

declare(strict_types=1);

namespace Plasm\Exception;

use Plasm\Generated\Model\Verification;

/** A receipt does not hold: `verification` says which checks failed, where it could be read at all. */
final class ReceiptException extends \RuntimeException implements PlasmException
{
    public function __construct(string $message, public readonly ?Verification $verification = null)
    {
        parent::__construct($message);
    }
}
