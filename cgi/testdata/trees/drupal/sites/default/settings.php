<?php
$settings = [];
