<?php
echo "drupal installer";
