<?php

declare(strict_types=1);

// For use without Composer: require this file, then new Plasm\Client().
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Plasm\\')) {
        $file = __DIR__ . '/src/' . strtr(substr($class, 6), '\\', '/') . '.php';
        if (is_file($file)) {
            require $file;
        }
    }
});
