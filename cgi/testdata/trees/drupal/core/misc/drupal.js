var drupal = 1;
