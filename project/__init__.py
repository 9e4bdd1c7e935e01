"""What a firmware engineer brings: sdkconfig, partition tables, images, dumps."""
