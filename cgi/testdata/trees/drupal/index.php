<?php
echo "drupal page ", $_SERVER["REQUEST_URI"];
